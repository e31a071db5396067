"""What a person says of a scripted cluster, held against what was found: one judge for each part.

`tests/clusters/expected.yaml` tells what its words mean.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from clusters import script as scripts
from meshery.discovery.fingerprints.model import MeshFound, NotInjected, Skew

FOLDER = Path(scripts.__file__).parent
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "expected.yaml").read_text())

COUNTS = (
    *("sidecars", "ambient", "gateways", "node_proxies", "control_plane_proxies", "proxies"),
    *("meshed", "workloads", "eligible", "versions", "native_sidecars"),
)
REASONS = {
    "created before the namespace asked for injection, and not restarted since": (
        "created-before-label"
    ),
    "it uses the host's network": "host-network",
}
"""How the product names a reason; any other is that the pod says no, with the mark that says it."""
CERTIFICATES = {"root": {"root", "trust anchor", "ca", "webhook"}, "issuing": {"issuer"}}
"""What meshes call them; where no root itself is to be read, the one that webhooks trust."""

# Each key of expected.yaml is compared by the judge that names it, so that none is forgotten.
PLAIN = {
    **{key: key for key in ("build", "state", "namespace", "mesh_id", "trust_domain", "network")},
    **dict.fromkeys(("zone", "datacenter", "cluster_name"), "zone"),
    "zone_role": "zone_role",
}
OTHERS = {
    *("versions", "revisions", "peers", "meshes", "control_planes", "components", "certificates"),
    *("node_agents", "data_planes", "skewed", "not_injected"),
}
UNTOLD = {"cluster_id"}
"""The number that ClusterMesh gives a cluster: no field of the product's holds it."""


def judge_what_it_is(told: Mapping[str, Any], found: MeshFound) -> None:
    for key, field in PLAIN.items():
        if key in told:
            assert (key, getattr(found, field)) == (key, told[key])
    assert list(found.versions) == told["versions"]
    assert found.mesh_id.split(",") == told.get("meshes", found.mesh_id.split(","))
    assert [each.name for each in found.peers] == told.get("peers", [])


def judge_control_planes(told: Mapping[str, Any], found: MeshFound) -> None:
    seen = {
        each.name: {
            "name": each.name,
            "namespace": each.namespace,
            "version": each.version,
            "ready": each.ready,
            "of": each.desired,
            **({"revision": each.revision} if each.revision else {}),
        }
        for each in found.control_planes
    }
    assert seen == {each["name"]: each for each in told["control_planes"]}
    revisions = {
        each.revision: {"version": each.version, "tags": list(each.tags)}
        for each in found.control_planes
        if each.revision
    }
    assert revisions == told.get("revisions", {})


def judge_certificates(told: Mapping[str, Any], found: MeshFound) -> None:
    all_ = [each for plane in found.control_planes for each in plane.certificates]
    for part, day in told.get("certificates", {}).items():
        ends = {each.expires_at for each in all_ if each.name in CERTIFICATES[part]}
        assert ends == {f"{day}T00:00:00Z"}


def judge_data_planes(told: Mapping[str, Any], found: MeshFound) -> None:
    expected, planes = told["data_planes"], found.data_planes
    assert {key: getattr(planes, key) for key in COUNTS} == {key: expected[key] for key in COUNTS}
    waypoints = sum(each.pods for each in planes.by_workload if each.role == "waypoint")
    assert waypoints == expected["waypoints"]
    assert round(planes.coverage or 0, 3) == expected.get("coverage", 0)
    agents = {each.name: each.ready for each in planes.node_agents if each.role != "proxy"}
    assert agents == told.get("node_agents", {})


def judge_versions_of_the_parts(told: Mapping[str, Any], found: MeshFound) -> None:
    """consul-k8s and consul-dataplane have versions of their own."""
    parts = [*(each.version for each in found.control_planes), *found.data_planes.versions]
    assert set(told.get("components", {}).values()) <= set(parts)


def judge_pods_out_of_line(told: Mapping[str, Any], found: MeshFound) -> None:
    planes = found.data_planes
    assert _skews(planes.skewed) == {
        (each["namespace"], each["workload"]): (
            *(each["pods"], each["version"], each["wanted"], each.get("revision", "")),
        )
        for each in told["skewed"]
    }
    lines = _left_out(planes.not_injected)
    assert set(lines) == {(each["namespace"], each["workload"]) for each in told["not_injected"]}
    for each in told["not_injected"]:
        reason = REASONS.get(each["reason"], "disabled-on-pod")
        pods, eligible, said, message = lines[each["namespace"], each["workload"]]
        assert (pods, eligible, said) == (each["pods"], each["eligible"], reason)
        if said == "disabled-on-pod":
            mark, _, value = message.removesuffix(" on the pod").partition("=")
            assert mark in each["reason"]
            assert value in each["reason"]


def _skews(skewed: Iterable[Skew]) -> dict[tuple[str, str], tuple[int, str, str, str]]:
    rows: dict[tuple[str, str], tuple[int, str, str, str]] = {}
    for each in skewed:
        count = rows.get((each.namespace, each.workload), (0, "", "", ""))[0]
        rows[each.namespace, each.workload] = (
            *(count + 1, each.version, each.expected, each.revision),
        )
    return rows


def _left_out(lines: Iterable[NotInjected]) -> dict[tuple[str, str], tuple[int, bool, str, str]]:
    rows: dict[tuple[str, str], tuple[int, bool, str, str]] = {}
    for each in lines:
        count = rows.get((each.namespace, each.workload), (0, False, "", ""))[0]
        rows[each.namespace, each.workload] = (count + 1, each.eligible, each.reason, each.message)
    return rows


JUDGES = (
    judge_what_it_is,
    judge_control_planes,
    judge_certificates,
    judge_data_planes,
    judge_versions_of_the_parts,
    judge_pods_out_of_line,
)
