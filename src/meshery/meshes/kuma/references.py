"""How policies point at things: destinations, proxies, clients, ports."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.meshes.kuma import era
from meshery.meshes.subsets import pod_labels, port_of, subset_service, target_port

Object = dict[str, Any]

WHOLE_MESH: Object = {"kind": "Mesh"}


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


def protocol(draft: Draft) -> str:
    """What is spoken with the target."""
    return "http" if draft.is_whole_mesh else (target_port(draft) or draft.service.port).protocol


def source(draft: Draft) -> Service | None:
    """The calling service, where only one is meant."""
    name = draft.behaviour.source
    return None if name is None else draft.world.service(name)
