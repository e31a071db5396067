"""The scripts hold what `expected.yaml` says, and a real control plane makes the same of them."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from clusters.play import clear, play
from clusters.script import SCRIPTS, Script, documents, load
from clusters.template import Document, common_values
from fixtures.kube import kubectl
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane

EXPECTED = yaml.safe_load((Path(__file__).parent / "expected.yaml").read_text())
MESHES = [(name, mesh) for name in SCRIPTS for mesh in EXPECTED[name]["meshes"]]

PROXIES = {
    "istio": re.compile(r"/(istio/(proxyv2|ztunnel))[:@]"),
    "linkerd": re.compile(r"/(linkerd/proxy)[:@]"),
    "consul": re.compile(r"/(hashicorp/consul-dataplane)[:@]"),
    "kuma": re.compile(r"/(kumahq/kuma-dp)[:@]"),
    "cilium": re.compile(r"/(cilium/cilium-envoy)[:@]"),
    "osm": re.compile(r"/(envoyproxy/envoy)[:@]"),
}
Shape = tuple[str, str, tuple[str, ...], tuple[str, ...], bool]


@pytest.fixture(scope="module")
def everything() -> Mapping[str, list[Document]]:
    return {name: documents(load(name)) for name in SCRIPTS}


async def test_a_real_control_plane_makes_the_same_of_the_script(
    played_kube: ControlPlane, everything: Mapping[str, list[Document]]
) -> None:
    script = load("main")
    await _runs(played_kube, script, everything)
    assert await _was_early(played_kube, script)


async def test_a_real_control_plane_makes_the_same_of_the_other_scripts(
    kube: ControlPlane, everything: Mapping[str, list[Document]]
) -> None:
    scripts = [load(name) for name in SCRIPTS[1:]]
    try:
        for script in scripts:
            await play(kube, script)
        for script in scripts:
            await _runs(kube, script, everything)
    finally:
        await asyncio.gather(*(clear(kube, script) for script in scripts))


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_pods_are_as_many_as_expected(
    name: str, everything: Mapping[str, list[Document]]
) -> None:
    assert len(list(pods(everything[name]))) == EXPECTED[name]["pods"]


@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_proxies_are_as_many_as_expected(
    name: str, mesh: str, everything: Mapping[str, list[Document]]
) -> None:
    told = EXPECTED[name]["meshes"][mesh]
    planes = told["data_planes"]
    roles = Counter(role_of(pod, mesh, told["namespace"]) for pod in pods(everything[name]))
    if told["state"] != "cni-only":
        seen = {role: roles[role] for role in ROLES}
        assert seen == {role: planes[role] for role in ROLES}
    parts = ("sidecars", "gateways", "waypoints", "node_proxies")
    assert (
        planes["proxies"] == sum(planes[part] for part in parts) == sum(planes["versions"].values())
    )
    assert planes["meshed"] == planes["sidecars"] + planes["ambient"]
    missed = sum(each["pods"] for each in told["not_injected"] if each["eligible"])
    assert planes["eligible"] == planes["meshed"] + missed
    if planes["eligible"]:
        assert planes["coverage"] == round(planes["meshed"] / planes["eligible"], 3)


@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_workloads_and_native_sidecars_are_as_many_as_expected(
    name: str, mesh: str, everything: Mapping[str, list[Document]]
) -> None:
    told = EXPECTED[name]["meshes"][mesh]
    mine = [
        pod
        for pod in pods(everything[name])
        if role_of(pod, mesh, told["namespace"]) in {"sidecars", "ambient"}
    ]
    if told["state"] != "cni-only":
        assert (
            len({(place(pod), workload_of(pod)) for pod in mine})
            == told["data_planes"]["workloads"]
        )
    native = sum(any(is_proxy(each, mesh) for each in sidecars_of(pod)) for pod in mine)
    assert native == told["data_planes"]["native_sidecars"]


@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_pods_out_of_line_are_there(
    name: str, mesh: str, everything: Mapping[str, list[Document]]
) -> None:
    told = EXPECTED[name]["meshes"][mesh]
    for line in (*told["skewed"], *told["not_injected"]):
        found = [
            pod
            for pod in pods(everything[name])
            if (place(pod), workload_of(pod)) == (line["namespace"], line["workload"])
        ]
        assert len(found) == line["pods"]
        has_proxy = [any(is_proxy(each, mesh) for each in containers_of(pod)) for pod in found]
        assert has_proxy == [line in told["skewed"]] * line["pods"]


@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_control_planes_are_there_and_ready(
    name: str, mesh: str, everything: Mapping[str, list[Document]]
) -> None:
    told = EXPECTED[name]["meshes"][mesh]
    for plane in told["control_planes"]:
        key = (plane["namespace"], plane["name"])
        status = next(
            each["status"]
            for each in everything[name]
            if each["kind"] in {"Deployment", "StatefulSet"}
            and (place(each), each["metadata"]["name"]) == key
        )
        assert (status.get("readyReplicas", 0), status["replicas"]) == (plane["ready"], plane["of"])


def test_certificates_end_when_expected() -> None:
    names = {
        "istio": {"root": "istio_root", "issuing": "istio_issuing"},
        "linkerd": {"root": "linkerd_anchor", "issuing": "linkerd_issuer"},
        "consul": {"root": "consul"},
        "kuma": {"root": "kuma"},
    }
    values = common_values()
    for mesh, files in names.items():
        ends = {
            role: x509.load_pem_x509_certificate(values[f"certificate_{file}"].encode())
            for role, file in files.items()
        }
        told = {role: each.not_valid_after_utc.date() for role, each in ends.items()}
        assert told == EXPECTED["main"]["meshes"][mesh]["certificates"]


def test_documents_are_complete_and_the_same_every_time(
    everything: Mapping[str, list[Document]],
) -> None:
    for name in SCRIPTS:
        keys = [
            (each["apiVersion"], each["kind"], place(each), each["metadata"]["name"])
            for each in everything[name]
        ]
        assert len(keys) == len(set(keys))
        uids = {each["metadata"]["uid"] for each in everything[name]}
        assert len(uids) == len(keys)
        owners = {
            owner["uid"]
            for each in everything[name]
            for owner in each["metadata"].get("ownerReferences", [])
        }
        assert owners <= uids
        assert json.dumps(documents(load(name))) == json.dumps(everything[name])


ROLES = ("sidecars", "ambient", "gateways", "waypoints", "node_proxies", "control_plane_proxies")


def role_of(pod: Document, mesh: str, namespace: str) -> str:
    """What a pod is to a mesh, as one reads it from its containers."""
    labels, annotations = pod["metadata"]["labels"], pod["metadata"].get("annotations", {})
    own = [each for each in containers_of(pod) if is_proxy(each, mesh)]
    if mesh == "cilium" and not pod["spec"].get("hostNetwork") and place(pod) != namespace:
        return "ambient"
    if not own:
        is_carried = annotations.get("ambient.istio.io/redirection") == "enabled"
        return "ambient" if mesh == "istio" and is_carried else ""
    if _owned(pod) and pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet":
        return "node_proxies"
    if "waypoint" in own[0].get("args", []):
        return "waypoints"
    if "router" in own[0].get("args", []) or "gateway" in workload_of(pod):
        return "gateways"
    is_own = place(pod) == namespace or "linkerd.io/extension" in labels
    return "control_plane_proxies" if is_own else "sidecars"


def is_proxy(container: Mapping[str, Any], mesh: str) -> bool:
    return bool(PROXIES[mesh].search(container["image"]))


def containers_of(pod: Document) -> list[Mapping[str, Any]]:
    """Containers that run on: native sidecars, too."""
    return [*pod["spec"]["containers"], *sidecars_of(pod)]


def sidecars_of(pod: Document) -> list[Mapping[str, Any]]:
    inits = pod["spec"].get("initContainers", [])
    return [each for each in inits if each.get("restartPolicy") == "Always"]


def workload_of(pod: Document) -> str:
    """The name of what a person applied to get this pod."""
    if not _owned(pod):
        return str(pod["metadata"]["name"])
    owner = pod["metadata"]["ownerReferences"][0]
    if owner["kind"] != "ReplicaSet":
        return str(owner["name"])
    return str(owner["name"]).removesuffix(f"-{pod['metadata']['labels']['pod-template-hash']}")


def _owned(pod: Document) -> bool:
    return "ownerReferences" in pod["metadata"]


def place(document: Document) -> str:
    return str(document["metadata"].get("namespace", ""))


def pods(everything: Iterable[Document]) -> Iterator[Document]:
    return (each for each in everything if each["kind"] == "Pod")


def shape(pod: Document) -> Shape:
    """What of a pod does not depend on chance."""
    spec = pod["spec"]
    inits = tuple(f"{each['name']} {each['image']}" for each in spec.get("initContainers", []))
    own = tuple(f"{each['name']} {each['image']}" for each in spec["containers"])
    return place(pod), workload_of(pod), own, inits, spec.get("hostNetwork", False)


async def _pods(kube: ControlPlane, script: Script) -> list[Document]:
    async with kube.client() as client:
        found = (await client.get("/api/v1/pods")).json()["items"]
    return [each for each in found if place(each) in script.namespaces]


async def _all_run(kube: ControlPlane, script: Script) -> bool:
    await asyncio.sleep(0.5)
    found = await _pods(kube, script)
    running = [each for each in found if each["status"].get("phase") == "Running"]
    told = EXPECTED[script.name]
    return [len(found), len(running)] == [told["pods"], told["pods"] - told.get("pending", 0)]


async def _runs(
    kube: ControlPlane, script: Script, everything: Mapping[str, list[Document]]
) -> None:
    """The control plane has the pods of a script, all of them running."""
    await until(partial(_all_run, kube, script), timeout_s=60, what=script.name)
    live = await _pods(kube, script)
    assert Counter(map(shape, live)) == Counter(map(shape, pods(everything[script.name])))


async def _was_early(kube: ControlPlane, script: Script) -> bool:
    """Whether the pods without proxy are older than their namespace's wish for one."""
    words = ("namespace", "shop", "-o", "json", "--show-managed-fields")
    namespace = json.loads(await kubectl(kube, "get", *words))
    times = [each["time"] for each in namespace["metadata"]["managedFields"]]
    label = max(datetime.fromisoformat(each) for each in times)
    early = [each for each in await _pods(kube, script) if workload_of(each) == "ledger"]
    created = (datetime.fromisoformat(each["metadata"]["creationTimestamp"]) for each in early)
    return all(each <= label for each in created)
