"""`meshery discovery` as a process: what NATS and files get, whatever happens to it meanwhile."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from discovery.watch.agents import agent, asked, is_active, measured, until_measured
from discovery.watch.support import Reader, bus_of, eventually, running, until_equal
from discovery.watch.test_wire import ask, heard
from fixtures.kube import KubeNamespace, config_map, deployment, kubectl
from fixtures.nats import NatsServer
from fixtures.waiting import until
from kube.examples import custom_kind
from meshery.discovery.watch.snapshot import free_name
from meshery.kube.local.control_plane import ControlPlane

HIDDEN = "a-value-that-must-not-leave"


async def test_a_consumer_that_was_away_misses_nothing(
    kube: ControlPlane, kube_namespace: KubeNamespace, nats_server: NatsServer, tmp_path: Path
) -> None:
    await kube_namespace.create(config_map("kept", colour=HIDDEN), config_map("goes", colour="x"))
    reader = Reader()
    with agent(kube, tmp_path, nats=nats_server) as process:
        url = await process.until_ready()
        assert (await asked(f"{url}/healthz"))[0] == (await asked(f"{url}/readyz"))[0] == 200
        async with bus_of(nats_server) as bus:
            async with running(reader.read(bus)):
                await until_equal(kube, reader)
            after = reader.position
            await kube_namespace.kubectl("delete", "configmap", "goes")
            await kube_namespace.create(config_map("comes", colour="x"))
            async with running(reader.read(bus, after=after)):
                await until_equal(kube, reader)
        assert "goes" in reader.deleted
        _, metrics = await asked(f"{url}/metrics")
        assert 'meshery_discovery_kinds{state="watching"}' in metrics
        assert process.end() == 0
    assert HIDDEN.encode() not in bytes(reader.raw)


async def test_what_goes_while_the_process_is_away_is_told_by_the_next_one(
    kube: ControlPlane, kube_namespace: KubeNamespace, nats_server: NatsServer, tmp_path: Path
) -> None:
    await kube_namespace.create(config_map("kept", colour="x"), config_map("goes", colour="x"))
    reader = Reader()
    async with bus_of(nats_server) as bus, running(reader.read(bus)):
        with agent(kube, tmp_path, nats=nats_server) as process:
            await process.until_ready()
            await until_equal(kube, reader)
            process.end(signal.SIGKILL)
        await kube_namespace.kubectl("delete", "configmap", "goes")
        with agent(kube, tmp_path, nats=nats_server, name="b"):
            await until_equal(kube, reader)
    assert not reader.has("ConfigMap", "goes")


async def test_a_broker_that_comes_late_and_goes_for_a_while(
    kube: ControlPlane, kube_namespace: KubeNamespace, private_nats: NatsServer, tmp_path: Path
) -> None:
    private_nats.stop()
    with agent(kube, tmp_path, nats=private_nats) as process:
        url = await process.url()
        assert [(await asked(f"{url}{path}"))[0] for path in ("/healthz", "/readyz")] == [200, 503]
        private_nats.start()
        await process.until_ready()
        reader = Reader()
        async with bus_of(private_nats) as bus, running(reader.read(bus)):
            await until_equal(kube, reader)
            private_nats.kill()
            await eventually_status(f"{url}/healthz/ready", 503)
            assert (await asked(f"{url}/readyz"))[0] == 200
            await kube_namespace.create(config_map("meanwhile", colour="x"))
            private_nats.start()
            await process.until_ready()
            await until_equal(kube, reader)
            assert reader.has("ConfigMap", "meanwhile")
        async with heard(private_nats, "meshsync-meta") as versions:
            await ask(private_nats, "meshsync-meta")
            await eventually(lambda: [each["Object"] for each in versions] == ["1.0.3"])


async def test_an_api_server_that_is_away_is_said_whoever_watches(
    second_kube: ControlPlane, nats_server: NatsServer, tmp_path: Path
) -> None:
    await second_kube.kill_api_server()
    place = ("--lease", "default/away")
    with agent(second_kube, tmp_path, *place, nats=nats_server) as process:
        url = await process.url()
        await eventually_status(f"{url}/readyz", 200)
        assert (await asked(f"{url}/healthz/ready"))[0] == 503
        await second_kube.start_api_server()
        await process.until_ready()
        await until(lambda: is_active(process), timeout_s=30, what="a watch")
        await second_kube.kill_api_server()

        async def has_lost_the_lease() -> bool:
            return not await is_active(process)

        await until(has_lost_the_lease, timeout_s=40, what="the end of the watch")
        await eventually_status(f"{url}/healthz/ready", 503)
        assert not await measured(process)
        await second_kube.start_api_server()
        await process.until_ready()


async def eventually_status(url: str, status: int) -> None:
    async def is_so() -> bool:
        return (await asked(url))[0] == status

    await until(is_so, what=f"{status} of {url}")


async def test_of_two_replicas_one_watches_and_the_other_takes_over(
    kube: ControlPlane, kube_namespace: KubeNamespace, nats_server: NatsServer, tmp_path: Path
) -> None:
    place = ("--lease", f"{kube_namespace.name}/watch")
    with agent(kube, tmp_path, *place, nats=nats_server, name="one") as one:
        await one.until_ready()
        await until(lambda: is_active(one), timeout_s=30, what="the first watches")
        with agent(kube, tmp_path, *place, nats=nats_server, name="two") as two:
            await two.until_ready()
            assert not await is_active(two)
            async with heard(nats_server, "meshsync-meta") as versions:
                await ask(nats_server, "meshsync-meta")
                await eventually(lambda: [each["Object"] for each in versions] == ["1.0.3"])
            assert one.end() == 0
            await until(lambda: is_active(two), timeout_s=30, what="the second watches")
            assert two.end() == 0


async def test_a_watch_list_acts_without_a_restart(
    kube: ControlPlane, kube_namespace: KubeNamespace, nats_server: NatsServer, tmp_path: Path
) -> None:
    crd = custom_kind("meshery.layer5.io", kind="MeshSync")
    await kubectl(kube, "apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(crd))
    await kubectl(kube, "wait", "--for=condition=Established", f"crd/{crd['metadata']['name']}")
    try:
        await _watch_list(kube_namespace, whitelist=[("configmap", ["ADDED"])])
        await kube_namespace.create(config_map("one", colour="x"), deployment("web", replicas=0))
        words = ("--meshsync", f"{kube_namespace.name}/meshery-meshsync")
        reader = Reader()
        with agent(kube, tmp_path, *words, nats=nats_server) as process:
            await process.until_ready()
            async with (
                bus_of(nats_server) as bus,
                running(reader.read(bus)),
                heard(nats_server, "meshery.meshsync.core") as changes,
            ):
                await eventually(lambda: reader.has("ConfigMap", "one"), timeout_s=40)
                await kube_namespace.create(config_map("two", colour="x"))
                await kube_namespace.kubectl("delete", "configmap", "two")
                await eventually(lambda: "two" in reader.deleted)
                assert [each["EventType"] for each in _named(changes, "two")] == ["ADDED"]
                assert {seen.key.kind for seen in reader.held.values()} == {"ConfigMap"}
                await until_measured(process, "configmaps.v1.")
                await _watch_list(kube_namespace, whitelist=[("deployments.v1.apps", [])])
                await eventually(lambda: reader.has("Deployment", "web"), timeout_s=40)
                await eventually(lambda: not reader.has("ConfigMap", "one"), timeout_s=40)
                await until_measured(process, "deployments.v1.apps")
                await _watch_list(kube_namespace, blacklist=["deployments.v1.apps"])
                await eventually(lambda: reader.has("ConfigMap", "one"), timeout_s=40)
                await eventually(lambda: not reader.has("Deployment", "web"), timeout_s=40)
    finally:
        await kubectl(kube, "delete", "crd", crd["metadata"]["name"])


def _named(messages: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in messages if each["Object"]["metadata"]["name"] == name]


async def _watch_list(
    space: KubeNamespace,
    *,
    whitelist: list[tuple[str, list[str]]] | None = None,
    blacklist: list[str] | None = None,
) -> None:
    rows = [{"Resource": name, "Events": events} for name, events in whitelist or ()]
    data = {
        "whitelist": json.dumps(rows) if whitelist else "",
        "blacklist": json.dumps(blacklist) if blacklist else "",
    }
    await space.create(
        {
            "apiVersion": "meshery.layer5.io/v1",
            "kind": "MeshSync",
            "metadata": {"name": "meshery-meshsync"},
            "spec": {"watch-list": {"data": data}},
        }
    )


async def test_a_snapshot_holds_each_object_once(
    kube: ControlPlane, kube_namespace: KubeNamespace, tmp_path: Path
) -> None:
    await kube_namespace.create(config_map("one", colour=HIDDEN), deployment("web", replicas=0))
    file = tmp_path / "seen.yaml"
    words = ("-output", "file", "-outputFile", str(file), "-outputExtended")
    only = ("-outputNamespaces", kube_namespace.name, "-outputResources", "Configmap,deployment")
    with agent(kube, tmp_path, *words, *only) as process:
        await process.until_ready()
        await eventually(lambda: len(documents(file)) >= 3, timeout_s=30, what="a snapshot")
        await kube_namespace.kubectl("label", "configmap", "one", "more=yes")
        beside = tmp_path / "seen-extended.yaml"
        await eventually(lambda: names(beside).count("one") == 2, what="every change")
        assert process.end() == 0
    assert sorted(names(file)) == ["kube-root-ca.crt", "one", "web"]
    found = next(each for each in documents(file) if each["metadata"]["name"] == "one")
    assert found["data"] == '{"colour":"[REDACTED]"}'
    assert file.read_text().endswith("\n---\n")


async def test_a_snapshot_has_a_name_of_its_own_and_ends_in_time(
    kube: ControlPlane, tmp_path: Path
) -> None:
    with agent(kube, tmp_path, "--output=file", "-stopAfter", "2s") as process:
        assert process.process.wait(30) == 0
    taken = f"{datetime.now(UTC):%Y%m%d}"
    assert written_in(tmp_path) == [f"meshery-cluster-snapshot-{taken}-00.yaml"]
    assert free_name(tmp_path).name == f"meshery-cluster-snapshot-{taken}-01.yaml"


def written_in(folder: Path) -> list[str]:
    return [file.name for file in folder.glob("*.yaml")]


def documents(file: Path) -> list[dict[str, Any]]:
    # Only what is written whole: a document is followed by its mark.
    whole, mark, _ = file.read_text().rpartition("---\n") if file.exists() else ("", "", "")
    return [each for each in yaml.safe_load_all(whole) if each] if mark else []


def names(file: Path) -> list[str]:
    return [each["metadata"]["name"] for each in documents(file)]
