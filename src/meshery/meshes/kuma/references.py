"""How policies point at things: destinations, proxies, clients, ports."""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.meshes.kuma import era

Object = dict[str, Any]

WHOLE_MESH: Object = {"kind": "Mesh"}
_APP_PROTOCOLS = {"http", "http2", "grpc", "tcp"}


def destination(draft: Draft, service: Service, port: ServicePort | None = None) -> Object:
    """The targetRef of calls towards a service, or towards one port of it."""
    world = draft.world
    if era.selects_by_tags(world):
        return {"kind": "MeshService", "name": service_tag(service, port)}
    if era.assumes_mesh_services(world):
        draft.note(
            "it names MeshService resources: the Mesh has to say meshServices.mode: Exclusive"
        )
    found: Object = {"kind": "MeshService"}
    if era.selects_by_labels(world):
        found["labels"] = {
            "kuma.io/display-name": service.name,
            "k8s.kuma.io/namespace": service.namespace,
        }
    else:
        found |= {"name": service.name, "namespace": service.namespace}
    if port is not None:
        found["sectionName"] = section(port)
    return found


def backend(
    draft: Draft,
    service: Service,
    subset: str | None,
    *,
    port: ServicePort | None = None,
    weight: int | None = None,
) -> Object:
    """A backendRef: a service, or the service of one of its subsets.

    `port` is the one that was called: a backend that has it too is called at it, another at its
    first.
    """
    share = {} if weight is None else {"weight": weight}
    is_own = (service.name, service.namespace) == (draft.service.name, draft.service.namespace)
    called = port if port is not None and (is_own or port in service.ports) else service.port
    if era.selects_by_tags(draft.world):
        name = service_tag(service, called)
        if subset is None:
            return {"kind": "MeshService", "name": name, **share}
        tags = dict(service.subset_labels(subset))
        return {"kind": "MeshServiceSubset", "name": name, "tags": tags, **share}
    aimed = service if subset is None else subset_service(draft, service, subset)
    return {**destination(draft, aimed), "port": called.number, **share}


def subset_service(draft: Draft, service: Service, subset: str) -> Service:
    """The service that stands for a subset: one that is there, or one that is made for it.

    A MeshService is made of a Service of Kubernetes; tags of endpoints select nothing any more.
    """
    name = f"{service.name}-{subset}"
    for each in draft.world.services:
        if (each.name, each.namespace) == (name, service.namespace):
            return each
    made = Service(name, service.namespace, ports=service.ports, labels=service.labels)
    selector = {**pod_labels(draft, service), **service.subset_labels(subset)}
    ports = _live_ports(draft, service) or [_port(each) for each in service.ports]
    spec = {"selector": selector, "ports": ports}
    draft.put(native("v1", "Service", name, service.namespace, spec))
    draft.note(f"{name} is a Service of the pods of {subset}: subsets are services of their own")
    return made


def proxies(
    draft: Draft, service: Service, subset: str | None = None, port: int | None = None
) -> Object:
    """The targetRef of the data plane proxies beside a service's pods."""
    labels = {**pod_labels(draft, service), "k8s.kuma.io/namespace": service.namespace}
    if subset is not None:
        labels |= service.subset_labels(subset)
    if not era.has(draft.world, "2.10"):
        if port is not None:
            draft.dropped("port", "a policy of this version takes all inbounds of a proxy")
        return {"kind": "MeshSubset", "tags": labels}
    found: Object = {"kind": "Dataplane", "labels": labels}
    if port is not None:
        found["sectionName"] = section(port_of(service, port))
    return found


def client_tags(draft: Draft, service: Service) -> Object:
    """The targetRef of a client by its tags, as `from` has it (2.x)."""
    if not service.is_assumed:
        return {"kind": "MeshSubset", "tags": {"kuma.io/service": service_tag(service, None)}}
    tags = {**pod_labels(draft, service), "k8s.kuma.io/namespace": service.namespace}
    return {"kind": "MeshSubset", "tags": tags}


def identity(world: World, service: Service) -> str:
    """The SPIFFE ID of a service's pods, by the path that MeshIdentity is given here."""
    account = service.account or "default"
    return f"spiffe://{world.trust_domain}/ns/{service.namespace}/sa/{account}"


def service_tag(service: Service, port: ServicePort | None) -> str:
    """The value of `kuma.io/service` of a service in Kubernetes: `api_shop_svc_80`."""
    number = (port or service.port).number
    return f"{service.name}_{service.namespace}_svc_{number}"


def section(port: ServicePort) -> str:
    """The sectionName of a port: its name, or its number where it has none."""
    return port.name or str(port.number)


def port_of(service: Service, number: int) -> ServicePort:
    """A port of a service by its number; plain HTTP where it is not told of."""
    for each in service.ports:
        if each.number == number:
            return each
    return ServicePort(number)


def target_port(draft: Draft) -> ServicePort | None:
    """The port that the target names, if it names one."""
    number = draft.behaviour.target.port
    return None if number is None else port_of(draft.service, number)


def protocol(draft: Draft) -> str:
    """What is spoken with the target."""
    return "http" if draft.is_whole_mesh else (target_port(draft) or draft.service.port).protocol


def source(draft: Draft) -> Service | None:
    """The calling service, where only one is meant."""
    name = draft.behaviour.source
    return None if name is None else draft.world.service(name)


def pod_labels(draft: Draft, service: Service) -> Mapping[str, str]:
    """The labels of a service's pods; `app: NAME` where nobody told them."""
    if service.labels:
        return service.labels
    draft.note(f"the pods of {service.name} are taken to be labelled app: {service.name}")
    return {"app": service.name}


def _port(port: ServicePort) -> Object:
    spoken = {"appProtocol": port.protocol} if port.protocol in _APP_PROTOCOLS else {}
    return {"name": port.name or f"port-{port.number}", "port": port.number, **spoken}


def _live_ports(draft: Draft, service: Service) -> list[Object]:
    """The ports of the Service that stands, which alone tells where its pods listen."""
    for each in draft.world.live:
        metadata = each.get("metadata") or {}
        here = (metadata.get("name"), metadata.get("namespace"))
        if each.get("kind") == "Service" and here == (service.name, service.namespace):
            kept = ("name", "port", "targetPort", "protocol", "appProtocol")
            ports = (each.get("spec") or {}).get("ports") or []
            return [{key: port[key] for key in kept if key in port} for port in ports]
    draft.note(f"the pods of {service.name} are taken to listen at the ports of its Service")
    return []
