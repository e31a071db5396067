"""Pairs: a client sidecar and a server sidecar of their own in front of an application that runs.

    injector -> client sidecar -> (mutual TLS) -> server sidecar -> the application of an instance

Twin pairs in front of the same application, one with a function and one without it, show what the
function costs. A pair has the sandbox's authority and the identities of a caller and of the
application's service, but it is not part of the sandbox's world: no other sidecar knows it. Its
processes carry the one that opened it, so that the keeper ends what a killed owner left.
"""

import asyncio
import os
import shutil

import msgspec

from meshery.apply.shape import is_name
from meshery.behaviours.model import Behaviour, Fidelity
from meshery.core.errors import InvalidInputError, NotFoundError, UnsupportedError
from meshery.core.paths import private_dir
from meshery.operations.platform import Platform
from meshery.processes.identity import start_ticks
from meshery.sandbox import preflight
from meshery.sandbox.envoy.files import write_sidecar
from meshery.sandbox.envoy.readiness import wait_ready
from meshery.sandbox.envoy.xds import apply_world
from meshery.sandbox.layout import Places, all_ports
from meshery.sandbox.model import Instance, ServiceDef, World
from meshery.sandbox.ports import take_ports
from meshery.sandbox.render.fidelity import judge
from meshery.sandbox.render.world import inotify_needed, render_world
from meshery.sandbox.runner import open_authority, proxy_spec, sidecar_of, supervisor_of
from meshery.sandbox.store import Store
from meshery.sandbox.ways import caller_of
from meshery.sandbox.world import build_world

_READY_S = 10.0
_ENDS = ("client", "server")
OWNER = "MESHERY_PAIR_OWNER"


class Traits(msgspec.Struct, frozen=True):
    """What the two sidecars of a pair do: mutual TLS between them, and behaviours."""

    mtls: bool = True
    behaviours: tuple[Behaviour, ...] = ()

    def given_to(self, world: World) -> World:
        """A pair's world with these traits. UnsupportedError for what a pair cannot do."""
        changed = msgspec.structs.replace(
            world, behaviours=self.behaviours, mtls="strict" if self.mtls else "off"
        )
        _demand_possible(changed)
        return changed


class Pair(msgspec.Struct, frozen=True):
    """An open pair. Send to `url_host`:`port` with `authority` as the `Host` header.

    Processes and pids are those of the client sidecar and the server sidecar, in this order.
    `world` is what it was opened as.
    """

    name: str
    url_host: str
    port: int
    authority: str
    proxy_processes: tuple[str, ...]
    proxy_pids: tuple[int, ...]
    world: World


async def open_pair(
    platform: Platform,
    sandbox: str,
    *,
    name: str,
    app_instance: str,
    traits: Traits = Traits(),  # noqa: B008 - frozen
    source: str = "",
) -> Pair:
    """Open a pair in front of a running application; ready when this returns.

    `source` is the service whose identity the client sidecar has; empty takes one that calls the
    application's by the spec. UnsupportedError for a behaviour the sandbox cannot do exactly or
    nearly; NotFoundError for an instance without an application; then nothing is left.
    """
    places, sandbox_world = await _sandbox(platform, sandbox)
    if not is_name(name):
        raise InvalidInputError(f"{name!r} is not the name of a pair")
    bare = await _pair_world(
        platform,
        sandbox_world,
        places,
        name=name,
        application=_application(sandbox_world, app_instance),
        source=source,
    )
    world = traits.given_to(bare)
    preflight.check_watches(wanted=inotify_needed(world))
    try:
        pids = await _start(platform, world, places)
    except BaseException:
        await asyncio.shield(close_pair(platform, sandbox, name))
        raise
    client, server = world.instances
    return Pair(
        name=name,
        url_host=client.host,
        port=client.outbound_port,
        authority=server.service,
        proxy_processes=tuple(f"{places.group(each.name)}proxy" for each in world.instances),
        proxy_pids=pids,
        world=world,
    )


async def change_pair(platform: Platform, sandbox: str, pair: Pair, traits: Traits) -> None:
    """Give an open pair other traits; done when both sidecars have acknowledged them.

    RejectedError and DeadlineError as `apply_world`; the old traits are back then.
    """
    places, world = Places(platform.settings.home_path, sandbox), traits.given_to(pair.world)
    sidecars = {each.name: sidecar_of(each, places) for each in world.instances}
    await apply_world(render_world(world), sidecars=sidecars)


async def close_pair(platform: Platform, sandbox: str, name: str) -> None:
    """End a pair and delete its files; closed already is no error."""
    places = Places(platform.settings.home_path, sandbox)
    supervisor = supervisor_of(platform)
    names = [_instance_name(name, end) for end in _ENDS]
    await asyncio.gather(*(supervisor.stop_group(places.group(each)) for each in names))
    for each in names:
        shutil.rmtree(places.directory(each), ignore_errors=True)
        places.admin_socket(each).unlink(missing_ok=True)
        places.log(each, "proxy").unlink(missing_ok=True)


async def app_endpoint(platform: Platform, sandbox: str, instance: str) -> tuple[str, int]:
    """Where the application of an instance answers off the mesh: host and port."""
    _, world = await _sandbox(platform, sandbox)
    application = _application(world, instance)
    return application.app_host, application.app_port


async def close_abandoned(platform: Platform) -> int:
    """End the pairs whose owner has died, in all sandboxes of this host; how many there were."""
    abandoned = set()
    for process in await supervisor_of(platform).list("sandbox"):
        owner = process.spec.environment.get(OWNER, "")
        if owner and not _lives(owner):
            _, sandbox, instance, _ = process.name.split("/")
            abandoned.add((sandbox, instance.removeprefix("pair-").rpartition("-")[0]))
    for sandbox, name in abandoned:
        await close_pair(platform, sandbox, name)
    return len(abandoned)


async def _sandbox(platform: Platform, name: str) -> tuple[Places, World]:
    store = Store(platform.database)
    row = await store.get(name)
    _, objects = await store.snapshot(name)
    places = Places(platform.settings.home_path, name)
    return places, build_world(name, objects, layout=row.layout, places=places)


def _application(world: World, instance: str) -> Instance:
    found = world.instance(instance)
    if not found.has_app:
        raise NotFoundError(f"{instance} of sandbox {world.name} has no application")
    return found


async def _pair_world(
    platform: Platform,
    sandbox: World,
    places: Places,
    *,
    name: str,
    application: Instance,
    source: str,
) -> World:
    """A world of two sidecars with the names and identities of the sandbox, without traits."""
    service = sandbox.service(application.service)
    caller = sandbox.service(source or caller_of(sandbox, service.name))
    version = next(each for each in service.versions if each.name == application.version)
    rows = await Store(platform.database).all(host=platform.host)
    taken = [port for row in rows for port in all_ports(row.layout)]
    outbound, inbound = take_ports(2, taken=taken)
    client_name, server_name = (_instance_name(name, end) for end in _ENDS)
    client = Instance(
        name=client_name,
        service=caller.name,
        version="pair",
        account=caller.account,
        directory=str(places.directory(client_name)),
        admin_socket=str(places.admin_socket(client_name)),
        outbound_port=outbound,
        has_app=False,
        role="client",
    )
    server = Instance(
        name=server_name,
        service=service.name,
        version=application.version,
        account=service.account,
        directory=str(places.directory(server_name)),
        admin_socket=str(places.admin_socket(server_name)),
        inbound_port=inbound,
        app_host=application.app_host,
        app_port=application.app_port,
        has_app=False,
    )
    return World(
        name=sandbox.name,
        services=(
            ServiceDef(caller.name, caller.account, calls=(service.name,)),
            ServiceDef(service.name, service.account, versions=(version,)),
        ),
        instances=(client, server),
    )


def _demand_possible(world: World) -> None:
    for behaviour in world.behaviours:
        fidelity, notes = judge(world, behaviour)
        if fidelity is Fidelity.UNSUPPORTED:
            raise UnsupportedError(
                f"a pair cannot do {behaviour.name} ({behaviour.kind.value})",
                cause="; ".join(notes),
                code="meshery.sandbox.unsupported",
            )


async def _start(platform: Platform, world: World, places: Places) -> tuple[int, ...]:
    """Write the files, start both, wait until both serve; their pids."""
    supervisor, authority = supervisor_of(platform), open_authority(places)
    rendered = render_world(world)
    owner = {OWNER: f"{os.getpid()}:{start_ticks(os.getpid())}"}
    private_dir(places.sockets)
    private_dir(places.logs)
    specs = []
    for instance in world.instances:
        leaf = authority.issue(world.identity(instance.account))
        write_sidecar(
            places.directory(instance.name),
            rendered[instance.name],
            leaf=leaf,
            trust=authority.trust_pem,
        )
        spec = proxy_spec(instance, places)
        specs.append(msgspec.structs.replace(spec, environment={**spec.environment, **owner}))
    started = await asyncio.gather(*(supervisor.start(spec) for spec in specs))
    waiting = (wait_ready(sidecar_of(each, places), timeout_s=_READY_S) for each in world.instances)
    await asyncio.gather(*waiting)
    return tuple(status.pid for status in started)


def _instance_name(pair: str, end: str) -> str:
    return f"pair-{pair}-{end}"


def _lives(owner: str) -> bool:
    pid, _, ticks = owner.partition(":")
    return start_ticks(int(pid)) == int(ticks)
