"""What all of Linkerd's render functions share: whose Services, which pods, and how times are said.

Linkerd has no subsets: a share of a service's pods is a Service of its own, here `api-v2` for the
subset v2 of api. It is taken from the place where it stands, and written where it does not.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Service, World
from meshery.behaviours.shape import Params
from meshery.behaviours.traffic import Backend
from meshery.meshes.linkerd.versions import line

POLICY = "policy.linkerd.io"
SERVER_LINE = 16  # Server v1beta3 with accessPolicy
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def line_of(draft: Draft) -> int:
    """The line of Linkerd that is rendered for."""
    return line(draft.world.version)


def targets(draft: Draft) -> tuple[Service, ...]:
    """The services that a behaviour is for: one, its subset, or all that are known for `*`."""
    if draft.is_whole_mesh:
        known = draft.world.services
        if known:
            draft.nearly("services that come later are not covered; render again for them")
        return known
    return (home(draft),)


def home(draft: Draft) -> Service:
    """The Service of the target; that of its subset where it names one."""
    subset = draft.behaviour.target.subset
    if subset is None:
        return draft.service
    draft.nearly(
        f"subset {subset} is the Service {draft.service.name}-{subset}: what callers send to "
        f"{draft.service.name} does not pass it"
    )
    return subset_service(draft, draft.service, subset)


def each_service(draft: Draft, params: Params, write: Callable[[Draft], None]) -> None:
    """The same at every service that is known, each with its own objects."""
    for service in targets(draft):
        target = replace(draft.behaviour.target, service=service.name, namespace=service.namespace)
        own = Draft(replace(draft.behaviour, target=target, params=params), draft.world)
        write(own)
        if own.fidelity is Fidelity.UNSUPPORTED:
            draft.unsupported(own.notes[-1], own.alternative)
            return
        draft.objects += own.objects
        for note in own.notes:
            (draft.note if own.fidelity is Fidelity.EXACT else draft.nearly)(note)


def nothing_known(draft: Draft) -> None:
    """A behaviour of every service where no service is known."""
    draft.unsupported(
        "target * needs to know the services: Linkerd takes this at each Service",
        "name one service, or let discovery find the cluster's services first",
    )


def all_callers(draft: Draft) -> None:
    """What is set at a Service holds for all who call it."""
    if draft.behaviour.source is not None:
        draft.dropped("source", "what is annotated at a Service holds for all of its callers")


def whole_service(draft: Draft) -> None:
    """What is annotated at a Service holds for all of its ports."""
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "what is annotated at a Service holds for all of its ports")


def annotated(service: Service, annotations: Mapping[str, str]) -> Object:
    """A Service of which only annotations are said; server-side apply lays them over it."""
    metadata = {
        "name": service.name,
        "namespace": service.namespace,
        "annotations": dict(annotations),
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


def backend_service(draft: Draft, backend: Backend) -> Service:
    """The Service that a backend comes to."""
    service = draft.service
    if backend.service is not None:
        service = draft.world.service(
            backend.service, "" if "." in backend.service else draft.namespace
        )
    return subset_service(draft, service, backend.subset) if backend.subset else service


def subset_service(draft: Draft, service: Service, subset: str) -> Service:
    """The Service of a subset: the one that is known, or one that is written here."""
    name = f"{service.name}-{subset}"
    known = draft.world.service(name, service.namespace)
    if not known.is_assumed:
        return known
    labels = {**service.labels, **service.subset_labels(subset)}
    live = _live(draft.world, service)
    if live is None:
        ports = [
            {**({"name": port.name} if port.name else {}), "port": port.number, "protocol": "TCP"}
            for port in service.ports
        ]
        draft.note(
            f"Service {name} is written with the ports of {service.name}; "
            "where its pods listen elsewhere, give it their targetPort"
        )
    else:
        kept = ("name", "port", "targetPort", "protocol", "appProtocol")
        ports = [
            {key: port[key] for key in kept if key in port}
            for port in live["spec"].get("ports", ())
        ]
    draft.put(
        native("v1", "Service", name, service.namespace, {"selector": labels, "ports": ports})
    )
    return Service(
        name, service.namespace, service.ports, labels, account=service.account, is_assumed=True
    )


def port_number(draft: Draft, service: Service) -> int:
    """The port of a Service that is meant: the target's, or the first."""
    return draft.behaviour.target.port or service.port.number


def pod_port(draft: Draft, service: Service, number: int) -> int | str:
    """Where pods listen for a port of their Service; the same number where nobody tells."""
    live = _live(draft.world, service)
    for port in live["spec"].get("ports", ()) if live else ():
        if port.get("port") == number:
            found: int | str = port.get("targetPort", number)
            return found
    draft.note(
        f"pods of {service.name} are taken to listen on {number}, as their Service does: "
        "a Server names the port of the pods"
    )
    return number


def server_name(service: Service, number: int, subset: str | None = None) -> str:
    """The name of the Server of one port."""
    return "-".join(str(part) for part in (service.name, subset, number) if part)


def server(
    draft: Draft, number: int | None = None, *, access: str = "", service: Service | None = None
) -> str:
    """Put the Server of a port of the target's pods, and answer its name.

    `access` is what happens to traffic that no policy names; of several wishes the strictest holds.
    """
    service = service or draft.service
    subset = draft.behaviour.target.subset
    number = number or port_number(draft, service)
    labels = {**service.labels, **(service.subset_labels(subset) if subset else {})}
    if not service.labels:
        labels = {"app": service.name, **labels}
        draft.note(f"pods of {service.name} are taken to carry the label app={service.name}")
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": labels},
        "port": pod_port(draft, service, number),
        "proxyProtocol": _protocol(service, number),
    }
    version = "v1beta1"
    if line_of(draft) >= SERVER_LINE:
        version = "v1beta3"
        if access:
            spec["accessPolicy"] = {access: True}
    name = server_name(service, number, subset)
    draft.put(native(f"{POLICY}/{version}", "Server", name, service.namespace, spec))
    return name


def _protocol(service: Service, number: int) -> str:
    """How the proxy reads a port; `unknown` makes it look."""
    spoken = next((port.protocol for port in service.ports if port.number == number), "")
    words = {"http": "unknown", "http2": "HTTP/2", "grpc": "gRPC", "tcp": "opaque", "tls": "TLS"}
    return words.get(spoken, "unknown")


def duration(draft: Draft, milliseconds: float, parameter: str) -> str:
    """A whole number with one unit, as annotations take it; finer times become a millisecond."""
    whole = math.ceil(milliseconds)
    if whole != milliseconds:
        draft.nearly(f"{parameter} is rounded up to {whole}ms: Linkerd has no finer unit")
    if whole == 0:
        return "0s"
    return next(f"{whole // size}{unit}" for unit, size in _UNITS if whole % size == 0)


def reference(kind: str, name: str, group: str = POLICY) -> Object:
    """A reference to an object of the same namespace."""
    return {"group": group, "kind": kind, "name": name}


def plain(number: float) -> str:
    """A number without needless digits."""
    return f"{round(number, 6):g}"


def sentence(words: Iterable[str]) -> str:
    """Words with commas."""
    return ", ".join(words)


def _live(world: World, service: Service) -> dict[str, Any] | None:
    """The Service as it stands in the cluster."""
    for each in world.live:
        metadata = each.get("metadata", {})
        home = metadata.get("namespace", world.namespace)
        named = (each.get("kind"), metadata.get("name"), home)
        if named == ("Service", service.name, service.namespace):
            return each if isinstance(each.get("spec"), dict) else None
    return None
