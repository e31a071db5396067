"""The control of real sidecars: acknowledgement, refusal, rotation, readiness, statistics."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from meshery.core.errors import ConflictError, DeadlineError, UnavailableError
from meshery.sandbox.authority import Authority
from meshery.sandbox.envoy.files import put_file, write_sidecar
from meshery.sandbox.envoy.readiness import wait_ready, what_is_missing
from meshery.sandbox.envoy.secrets import renew, rotate
from meshery.sandbox.envoy.sidecar import Sidecar
from meshery.sandbox.envoy.stats import PAIR_FILTER, pair_counts, pair_durations, rates
from meshery.sandbox.envoy.subscriptions import until_taken
from meshery.sandbox.envoy.xds import RejectedError, apply_world
from meshery.sandbox.model import VersionDef
from meshery.sandbox.render.names import IDENTITY, discovery_file
from meshery.sandbox.render.world import SidecarConfig, inotify_needed, render_world
from sandbox.harness import Mesh, behaviour, running, service, tiny_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEB = "web-v1-0"
API = "api-v1-0"
ID_WEB = "spiffe://sandbox.local/ns/test/sa/web"
ID_API = "spiffe://sandbox.local/ns/test/sa/api"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    directory = tmp_path_factory.mktemp("e")
    services = [service("web", calls=("api",)), service("api", VersionDef("v1"))]
    world = tiny_world(directory, services, roles={"web": "client"})
    async with running(world, directory) as started:
        yield started


async def statuses(mesh: Mesh, count: int = 20) -> set[int]:
    return {answer.status for answer in await mesh.many(count, WEB, to="api")}


def inotify_instances(pid: int) -> int:
    descriptors = Path(f"/proc/{pid}/fd").iterdir()
    return sum(descriptor.readlink().name == "anon_inode:inotify" for descriptor in descriptors)


async def test_the_watches_are_as_many_as_computed(mesh: Mesh) -> None:
    pids = [mesh.processes[instance.name].pid for instance in mesh.world.instances]
    assert sum(map(inotify_instances, pids)) == inotify_needed(mesh.world) == 4 + 8


async def test_nothing_changed_writes_nothing(mesh: Mesh) -> None:
    assert (await mesh.apply()).files == ()


async def test_only_what_carries_a_behaviour_is_written(mesh: Mesh) -> None:
    applied = await mesh.apply(behaviour("fault", "api", {"abort": {"status": 503}}))
    assert applied.files == ((API, "inbound.json"),)
    applied = await mesh.apply(behaviour("limits", "api", {"maxRequests": 9}))
    assert set(applied.files) == {(API, "inbound.json"), (API, "cds.json"), (WEB, "cds.json")}
    await mesh.apply()


async def test_a_refusal_tells_the_reason_and_the_old_serves(mesh: Mesh) -> None:
    await mesh.apply(behaviour("timeout", "api", {"request": "5s"}))
    rendered = render_world(mesh.world)
    broken = msgspec.json.decode(msgspec.json.encode(rendered[WEB].files["outbound.json"]))
    route = broken["resources"][0]["virtual_hosts"][0]["routes"][0]
    route["route"]["timeout"] = "minus two"
    files = {
        **rendered[WEB].files,
        "cds.json": discovery_file(
            "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            [*rendered[WEB].files["cds.json"]["resources"], {"name": "more", "type": "STATIC"}],
        ),
        "outbound.json": {**broken, "version_info": "broken"},
    }
    bad = {**rendered, WEB: SidecarConfig(rendered[WEB].bootstrap, files)}
    with pytest.raises(RejectedError) as caught:
        await apply_world(bad, sidecars=mesh.sidecars)
    assert "outbound.json" in caught.value.what
    assert "duration" in caught.value.cause.lower()
    assert await statuses(mesh) == {200}
    assert (await mesh.apply(*mesh.world.behaviours)).files == (), "the old files are back"
    async with mesh.admin(WEB) as admin:
        clusters = await admin.clusters()
    assert "more" not in {each["name"] for each in clusters["cluster_statuses"]}
    await mesh.apply()


async def test_a_file_that_is_no_json_is_refused_too(mesh: Mesh) -> None:
    directory = mesh.sidecars[WEB].directory
    whole = (directory / "outbound.json").read_bytes()
    async with mesh.admin(WEB) as admin:
        try:
            half = directory / ".new" / "half"
            half.write_bytes(whole[: len(whole) // 2])
            half.replace(directory / "outbound.json")
            async with asyncio.timeout(2):
                assert await until_taken(admin, {"outbound.json": "never"}) == ["outbound.json"]
            assert await statuses(mesh) == {200}
        finally:
            half.write_bytes(whole)
            half.replace(directory / "outbound.json")
    assert (await mesh.apply()).files == ()


async def test_services_come_and_go_without_a_failure(mesh: Mesh) -> None:
    plain = mesh.world
    pair = msgspec.structs.replace(service("ghost"), visible_to=("web",))
    web = service("web", calls=("api", "ghost"))
    others = tuple(each for each in plain.services if each.name != "web")
    more = msgspec.structs.replace(plain, services=(web, pair, *others))
    for _ in range(3):
        loading = asyncio.create_task(statuses(mesh, 100))
        await apply_world(render_world(more), sidecars=mesh.sidecars)
        assert (await mesh.get(WEB, to="ghost")).status == 503, "known, without an instance"
        applied = await apply_world(render_world(plain), sidecars=mesh.sidecars)
        assert {name for name, _ in applied.files} == {WEB}
        assert (await mesh.get(WEB, to="ghost")).status == 502, "unknown"
        assert await loading == {200}


async def test_a_sidecar_that_is_stopped_does_not_acknowledge(mesh: Mesh) -> None:
    pid = mesh.processes[API].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(DeadlineError, match=API):
            await mesh.apply(behaviour("fault", "api", {"abort": {"status": 503}}), timeout_s=0.3)
    finally:
        os.kill(pid, signal.SIGCONT)
    await mesh.apply()
    assert await statuses(mesh) == {200}


async def test_a_sidecar_killed_meanwhile_takes_the_files_when_it_is_back(mesh: Mesh) -> None:
    mesh.processes[API].kill()
    await mesh.processes[API].wait()
    change = asyncio.create_task(mesh.apply(behaviour("access", "api", {"action": "deny"})))
    await asyncio.sleep(0.1)
    started = time.perf_counter()
    await mesh.start_sidecar(API)
    await change
    assert time.perf_counter() - started < 2
    await wait_ready(mesh.sidecars[API])
    assert await statuses(mesh) == {403}
    await mesh.apply()
    assert await statuses(mesh) == {200}


async def test_rotation_fails_no_request(mesh: Mesh) -> None:
    async def load(stop: asyncio.Event) -> list[int]:
        seen = []
        while not stop.is_set():
            seen.append((await mesh.get(WEB, to="api")).status)
        return seen

    async with mesh.admin(API) as admin:
        before = await admin.certificates()
    old = mesh.authority.issue(ID_WEB)
    stop = asyncio.Event()
    loading = asyncio.create_task(load(stop))
    await asyncio.sleep(0.05)
    await renew(mesh.authority, mesh.sidecars, identities=mesh.identities)
    await rotate(mesh.authority, mesh.sidecars, identities=mesh.identities)
    await asyncio.sleep(0.05)
    stop.set()
    seen = await loading
    assert len(seen) > 20
    assert set(seen) == {200}
    async with mesh.admin(API) as admin:
        after = await admin.certificates()
    assert before[0]["cert_chain"][0]["serial_number"] != after[0]["cert_chain"][0]["serial_number"]
    await _refuses_the_old_authority(mesh, old.certificate_pem, old.key_pem)


async def _refuses_the_old_authority(mesh: Mesh, certificate: bytes, key: bytes) -> None:
    """A leaf of the authority that was rotated away opens no connection any more."""
    import ssl

    file = mesh.directory / "old.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=mesh.authority.trust_pem.decode())
    context.load_cert_chain(file)
    instance = mesh.world.instance(API)
    reader, writer = await asyncio.open_connection(
        instance.host, instance.inbound_port, ssl=context
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.transport.abort()


async def test_a_client_without_mutual_tls_needs_no_secrets(tmp_path: Path) -> None:
    services = [service("web", calls=("api",)), service("api")]
    world = tiny_world(tmp_path, services, roles={"web": "client"})
    off = msgspec.structs.replace(world, mtls="off")
    async with running(off, tmp_path) as mesh:
        assert await statuses(mesh) == {200}
        await rotate(mesh.authority, mesh.sidecars, identities=mesh.identities)
        on = msgspec.structs.replace(off, mtls="strict")
        await apply_world(render_world(on), sidecars=mesh.sidecars)
        assert await statuses(mesh) == {200}


async def test_pairs_are_counted_on_both_sides(mesh: Mesh) -> None:
    async with mesh.admin(WEB) as web, mesh.admin(API) as api:
        started = time.perf_counter()
        before = [pair_counts(await each.prometheus(PAIR_FILTER)) for each in (web, api)]
        await mesh.many(30, WEB, to="api")
        await mesh.many(10, WEB, "/fail", to="api")
        after = [pair_counts(await each.prometheus(PAIR_FILTER)) for each in (web, api)]
        elapsed_s = time.perf_counter() - started
        (out,) = rates(before[0], after[0], elapsed_s=elapsed_s)
        (into,) = rates(before[1], after[1], elapsed_s=elapsed_s)
        assert (out.source, out.destination) == (ID_WEB, "api")
        assert (into.source, into.destination) == (ID_WEB, ID_API)
        assert out.requests_per_s == pytest.approx(40 / elapsed_s)
        assert into.errors_per_s == pytest.approx(10 / elapsed_s)
        assert out.has_mtls
        assert into.has_mtls
        await asyncio.sleep(1.2)  # histograms appear with the next flush
        durations = pair_durations(await api.prometheus(PAIR_FILTER))
        duration = next(each for each in durations if each.source == ID_WEB)
    assert duration.count >= 40
    assert 50 < duration.quantile_us(0.5) <= duration.quantile_us(0.99) < 1_000_000


async def test_drain_waits_for_what_is_in_progress(tmp_path: Path) -> None:
    services = [service("web", calls=("api",)), service("api")]
    world = tiny_world(tmp_path, services, roles={"web": "client"})
    async with running(world, tmp_path) as mesh:
        slow = asyncio.create_task(mesh.get(WEB, "/delay?ms=300", to="api"))
        await asyncio.sleep(0.1)
        async with mesh.admin(API) as admin:
            assert await admin.drain(timeout_s=3)
        mesh.processes[API].terminate()
        assert (await slow).status == 200
        assert await mesh.processes[API].wait() == 0
        with pytest.raises(UnavailableError):
            await mesh.admin(API).is_live()


async def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    world = tiny_world(tmp_path, [service("api")])
    (instance,) = world.instances
    with socket.create_server((instance.host, instance.inbound_port)):
        mesh = Mesh(world, tmp_path, Authority.create(tmp_path / "authority"))
        try:
            with pytest.raises(ConflictError, match=str(instance.inbound_port)):
                await mesh.start()
        finally:
            await mesh.stop()


async def test_two_sidecars_do_not_share_a_port(mesh: Mesh, tmp_path: Path) -> None:
    api = mesh.world.instance(API)
    world = tiny_world(tmp_path, [service("api")])
    twin = msgspec.structs.replace(world.instances[0], inbound_port=api.inbound_port)
    world = msgspec.structs.replace(world, instances=(twin,))
    other = Mesh(world, tmp_path, Authority.create(tmp_path / "authority"))
    try:
        with pytest.raises(ConflictError):
            await other.start()
    finally:
        await other.stop()


async def test_ready_means_that_every_file_was_taken(tmp_path: Path) -> None:
    world = tiny_world(tmp_path, [service("api")])
    (instance,) = world.instances
    authority = Authority.create(tmp_path / "authority")
    mesh = Mesh(world, tmp_path, authority)
    directory = Path(instance.directory)
    leaf = authority.issue(world.identity("api"))
    config = render_world(world)[instance.name]
    write_sidecar(directory, config, leaf=leaf, trust=authority.trust_pem)
    put_file(directory, IDENTITY, {"version_info": "x", "resources": [{"@type": "nothing"}]})
    try:
        await mesh.start_sidecar(instance.name)
        with pytest.raises(DeadlineError) as caught:
            await wait_ready(mesh.sidecars[instance.name], timeout_s=1)
        assert caught.value.cause
    finally:
        await mesh.stop()


async def test_what_is_missing_is_told(mesh: Mesh, tmp_path: Path) -> None:
    api = mesh.world.instance(API)
    deaf = msgspec.structs.replace(api, outbound_port=1)
    async with mesh.admin(API) as admin:
        assert await what_is_missing(admin, mesh.sidecars[API]) == ""
        said = await what_is_missing(admin, Sidecar(deaf, tmp_path / "none"))
    assert said == "it does not listen on 1"
