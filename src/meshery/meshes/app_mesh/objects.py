"""App Mesh's objects: their names in this place, and the forms in which they are put together.

App Mesh takes lists where behaviours meet: the listeners of a node, the routes of a router. While
behaviours are rendered these are mappings, by port and by name, so that they can be laid over one
another; `assembly` makes lists of them, with what stands already.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.meshes.look import dig, name_of, namespace_of, of_kind

API_VERSION = "appmesh.k8s.aws/v1beta2"
GROUP = "appmesh.k8s.aws"
PROTOCOLS = {"http": "http", "http2": "http2", "grpc": "grpc", "tcp": "tcp", "tls": "tcp"}
DEFAULT_ROUTE = "default"
_ROUTES = {"http": "httpRoute", "http2": "http2Route", "grpc": "grpcRoute"}


def duration(milliseconds: float) -> dict[str, Any]:
    """A duration: whole seconds where it is some, whole milliseconds else."""
    whole = math.ceil(milliseconds)
    if whole % 1000 == 0:
        return {"unit": "s", "value": whole // 1000}
    return {"unit": "ms", "value": whole}


def port_of(draft: Draft, service: Service | None = None) -> ServicePort:
    """The port that a behaviour speaks of: the one of the target, or the first of the service."""
    own = service or draft.service
    asked = draft.behaviour.target.port if service is None else None
    for port in own.ports:
        if asked in (None, port.number):
            return port
    return ServicePort(asked or own.port.number, "", own.port.protocol)


def route_field(draft: Draft) -> str:
    """The field of a route for what is spoken at the target's port."""
    return _ROUTES.get(port_of(draft).protocol, "tcpRoute")


def default_route(draft: Draft) -> str:
    """The name of the route that takes what no other takes: a route speaks one protocol."""
    field = route_field(draft)
    return DEFAULT_ROUTE if field == "httpRoute" else f"{DEFAULT_ROUTE}-{field[:-5]}"


def listener(port: ServicePort, **more: Any) -> dict[str, Any]:
    """A listener, by its port."""
    mapping = {"port": port.number, "protocol": PROTOCOLS[port.protocol]}
    return {str(port.number): {"portMapping": mapping, **more}}


def hostname(service: Service) -> str:
    """The name by which applications call a service."""
    return f"{service.name}.{service.namespace}.svc.cluster.local"


def node_name(world: World, service: Service, subset: str | None = None) -> str:
    """The VirtualNode of a service: one that stands and selects its pods, or the convention."""
    standing = node(world, service, subset)
    if standing is not None:
        return name_of(standing)
    return f"{service.name}-{subset}" if subset else service.name


def node(world: World, service: Service, subset: str | None = None) -> Object | None:
    """The VirtualNode that stands and selects the pods of a service or subset."""
    asked = {**service.labels, **(service.subset_labels(subset) if subset else {})}
    named = f"{service.name}-{subset}" if subset else service.name
    for each in of_kind(world.live, "VirtualNode", GROUP):
        labels = dig(each, "spec.podSelector.matchLabels") or {}
        if namespace_of(each) == service.namespace and (
            name_of(each) == named or (labels and labels == asked)
        ):
            return each
    return None


def nodes_of(draft: Draft) -> list[str]:
    """The VirtualNodes that stand and whose pods are those of the target, or some of them."""
    service, subset = draft.service, draft.behaviour.target.subset
    asked = {**service.labels, **(service.subset_labels(subset) if subset else {})}
    found = []
    for each in of_kind(draft.world.live, "VirtualNode", GROUP):
        labels = dig(each, "spec.podSelector.matchLabels") or {}
        if namespace_of(each) == service.namespace and asked and asked.items() <= labels.items():
            found.append(name_of(each))
    return found


def put_node(draft: Draft, service: Service, subset: str | None = None, **spec: Any) -> str:
    """A part of a VirtualNode, whole where none stands; its name."""
    name = node_name(draft.world, service, subset)
    if node(draft.world, service, subset) is None:
        labels = {**service.labels, **(service.subset_labels(subset) if subset else {})}
        dns = {"hostname": hostname(service).replace(service.name, name, 1)}
        base = {
            "podSelector": {"matchLabels": labels},
            "listeners": listener(port_of(draft, service)),
            "serviceDiscovery": {"dns": dns},
        }
        draft.put(native(API_VERSION, "VirtualNode", name, service.namespace, base))
        for other in _of_the_same_pods(draft.world, labels, service.namespace):
            draft.nearly(f"VirtualNode {other} selects these pods too: a pod belongs to one node")
        if subset:
            draft.note(f"VirtualNode {name} finds its pods by a Service {name}, which has to exist")
    if spec:
        draft.put(native(API_VERSION, "VirtualNode", name, service.namespace, spec))
    return name


def _of_the_same_pods(world: World, labels: Mapping[str, str], namespace: str) -> Iterator[str]:
    for each in of_kind(world.live, "VirtualNode", GROUP):
        own = dig(each, "spec.podSelector.matchLabels") or {}
        if namespace_of(each) == namespace and own and own.items() <= labels.items():
            yield name_of(each)


def router_name(world: World, service: Service) -> str:
    """The VirtualRouter that provides a service: the one that stands, or one of its name."""
    for each in of_kind(world.live, "VirtualService", GROUP):
        called = str(dig(each, "spec.awsName") or name_of(each))
        own = (service.name, f"{service.name}.{service.namespace}", hostname(service))
        if namespace_of(each) == service.namespace and (called in own or name_of(each) in own):
            router = dig(each, "spec.provider.virtualRouter.virtualRouterRef.name")
            return str(router or service.name)
    return service.name


def put_router(draft: Draft, **spec: Any) -> None:
    """A part of the VirtualRouter of the target, and the VirtualService that leads to it."""
    service, world = draft.service, draft.world
    name = router_name(world, service)
    port = port_of(draft)
    mapping = {"port": port.number, "protocol": PROTOCOLS[port.protocol]}
    listeners = {str(port.number): {"portMapping": mapping}}
    whole = {"listeners": listeners, **spec}
    draft.put(native(API_VERSION, "VirtualRouter", name, service.namespace, whole))
    provider = {"virtualRouter": {"virtualRouterRef": {"name": name}}}
    virtual = {"awsName": hostname(service), "provider": provider}
    draft.put(native(API_VERSION, "VirtualService", service.name, service.namespace, virtual))
