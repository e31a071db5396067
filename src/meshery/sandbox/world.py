"""From the objects of a sandbox and its place on this machine to the world that is rendered.

Pure: the same objects and layout give the same world. Behaviours stand in the order in which they
were last changed, since the later one wins.
"""

import functools
from collections.abc import Sequence

import msgspec

from meshery.apply.target import Object, ref_of
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.sandbox.layout import Places, instances_of
from meshery.sandbox.model import GatewayRoute, Instance, ServiceDef, VersionDef, World
from meshery.sandbox.objects import APP_PORT, Workload, workloads_of
from meshery.sandbox.spec import SandboxSpec, spec_from_object
from meshery.sandbox.store import Edit, Layout


def build_world(name: str, objects: Sequence[Object], *, layout: Layout, places: Places) -> World:
    """The world of a sandbox. InvalidInputError lists what in its objects cannot be used."""
    rest = [document for document in objects if document["kind"] != "Behaviour"]
    plain = _plain_world(name, msgspec.json.encode(rest), msgspec.json.encode(layout), places)
    return msgspec.structs.replace(plain, behaviours=behaviours_of(objects))


def changed_world(before: World, edits: Sequence[Edit], objects: Sequence[Object]) -> World | None:
    """The world after edits of behaviours alone; None when other objects changed as well.

    Everything else stays as it was, so nothing else is read again.
    """
    if any(edit.stored["kind"] != "Behaviour" for edit in edits):
        return None
    return msgspec.structs.replace(before, behaviours=behaviours_of(objects))


def sandbox_spec(objects: Sequence[Object]) -> SandboxSpec:
    """The spec of the Sandbox object among `objects`."""
    found = next(document for document in objects if document["kind"] == "Sandbox")
    return spec_from_object(found)


def behaviours_of(objects: Sequence[Object]) -> tuple[Behaviour, ...]:
    """The behaviours among objects, the last changed one last."""
    documents = [document for document in objects if document["kind"] == "Behaviour"]
    documents.sort(key=lambda document: int(document["metadata"].get("resourceVersion", 0)))
    return tuple(parse_behaviour(document) for document in documents)


@functools.lru_cache(maxsize=16)
def _plain_world(name: str, objects: bytes, layout: bytes, places: Places) -> World:
    """A world without behaviours. They change most often; the rest is seldom read again.

    It is kept by the whole text it is made from, so it is right whoever changed what.
    """
    kept = msgspec.json.decode(objects)
    ports = msgspec.json.decode(layout)
    spec = sandbox_spec(kept)
    workloads = workloads_of(kept)
    return World(
        name=name,
        services=tuple(_services(workloads)),
        instances=tuple(
            _instance(instance, workload, layout=ports, places=places)
            for instance, workload in instances_of(workloads).items()
        ),
        gateway_routes=(GatewayRoute(spec.gateway),) if spec.gateway else (),
        mtls=spec.mtls,
    )


def _services(workloads: Sequence[Workload]) -> list[ServiceDef]:
    names = dict.fromkeys(workload.service for workload in workloads)
    return [
        _service([workload for workload in workloads if workload.service == name]) for name in names
    ]


def _service(workloads: Sequence[Workload]) -> ServiceDef:
    first = workloads[0]
    return ServiceDef(
        name=first.service,
        account=first.account,
        versions=tuple(
            VersionDef(
                workload.version, workload.replicas, workload.latency_ms, workload.error_rate
            )
            for workload in workloads
        ),
        calls=first.calls,
        port=APP_PORT,
    )


def _instance(name: str, workload: Workload, *, layout: Layout, places: Places) -> Instance:
    ports = layout[name]
    return Instance(
        name=name,
        service=workload.service,
        version=workload.version,
        account=workload.account,
        directory=str(places.directory(name)),
        admin_socket=str(places.admin_socket(name)),
        inbound_port=ports["inbound"],
        outbound_port=ports["outbound"],
        app_port=ports.get("app", 0),
        has_app=not workload.is_gateway,
        role="gateway" if workload.is_gateway else "app",
        echo_ports={protocol: ports[protocol] for protocol in workload.echo},
    )


def behaviour_names(objects: Sequence[Object]) -> list[str]:
    """The names of the behaviours among objects."""
    return [ref_of(document).name for document in objects if document["kind"] == "Behaviour"]
