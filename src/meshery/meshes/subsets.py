"""Subsets as Services of their own, for meshes that know destinations by Service alone."""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import Service, ServicePort

Object = dict[str, Any]

_APP_PROTOCOLS = {"http", "http2", "grpc", "tcp"}


def subset_service(draft: Draft, service: Service, subset: str) -> Service:
    """The service that stands for a subset: one that is there, or one that is made for it."""
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


def pod_labels(draft: Draft, service: Service) -> Mapping[str, str]:
    """The labels of a service's pods; `app: NAME` where nobody told them."""
    if service.labels:
        return service.labels
    draft.note(f"the pods of {service.name} are taken to be labelled app: {service.name}")
    return {"app": service.name}


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
