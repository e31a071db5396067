"""Ingress by the Gateway API: a Gateway, an HTTPRoute and grants, for any mesh that takes them.

Fields as in gateway.networking.k8s.io/v1 (Gateway API 1.0 and later).
"""

from collections.abc import Callable
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Ingress, IngressRoute
from meshery.behaviours.rendering import Service

Object = dict[str, Any]
SubsetService = Callable[[Draft, Service, str], Service]
"""The service that stands for a subset, made where there is none."""

GROUP = "gateway.networking.k8s.io"
_MOST = 16
"""Of hostnames, and of rules, in one HTTPRoute."""


def put_gateway(draft: Draft, *, class_name: str, subset_service: SubsetService) -> None:
    """A Gateway of a class and the routes of an ingress, in the target's namespace.

    They are named after the behaviour: two ingresses of one service in one Gateway would let in
    at the hosts of each what only the other has routes for.
    """
    params = draft.params(Ingress)
    name, namespace = draft.behaviour.name, draft.namespace
    secret = f"{name}-tls"
    listeners = [
        _listener(position, host, secret if params.tls else None)
        for position, host in enumerate(params.hosts or (None,))
    ]
    spec = {"gatewayClassName": class_name, "listeners": listeners}
    draft.put(native(f"{GROUP}/v1", "Gateway", name, namespace, spec))
    if params.tls:
        draft.note(f"tls: the Secret {secret} in {namespace} has to hold the certificate")
    rules = [_rule(draft, each, subset_service) for each in _routes(draft, params)]
    for start in range(0, len(rules), _MOST):
        route: Object = {"parentRefs": [{"name": name}], "rules": rules[start : start + _MOST]}
        if 0 < len(params.hosts) <= _MOST:  # else the listeners alone say them
            route["hostnames"] = list(params.hosts)
        part = f"{name}-{start // _MOST + 1}" if start else name
        draft.put(native(f"{GROUP}/v1", "HTTPRoute", part, namespace, route))


def _listener(position: int, host: str | None, secret: str | None) -> Object:
    found: Object = {"name": f"listener-{position}"}
    if host is not None:
        found["hostname"] = host
    if secret is None:
        return {**found, "port": 80, "protocol": "HTTP"}
    tls = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret}]}
    return {**found, "port": 443, "protocol": "HTTPS", "tls": tls}


def _routes(draft: Draft, params: Ingress) -> list[IngressRoute]:
    """The routes, longest path first; everything to the target where none is said."""
    routes = params.routes or (IngressRoute(subset=draft.behaviour.target.subset),)
    return sorted(routes, key=lambda route: -len(route.path))


def _rule(draft: Draft, route: IngressRoute, subset_service: SubsetService) -> Object:
    service = draft.service
    if route.service is not None:
        home = "" if "." in route.service else draft.namespace
        service = draft.world.service(route.service, home)
    elif draft.behaviour.target.subset is not None and route.subset is None:
        service = subset_service(draft, service, draft.behaviour.target.subset)
    if route.subset is not None:
        service = subset_service(draft, service, route.subset)
    asked = draft.behaviour.target.port if route.service is None else None
    backend: Object = {"name": service.name, "port": asked or service.port.number}
    if service.namespace != draft.namespace:
        backend["namespace"] = service.namespace
        _grant(draft, service)
    if service.is_assumed and asked is None:
        draft.note(f"{service.name} is taken to answer at port {service.port.number}")
    path = {"type": "PathPrefix", "value": route.path}
    return {"matches": [{"path": path}], "backendRefs": [backend]}


def _grant(draft: Draft, service: Service) -> None:
    """A route may lead into another namespace only where that one grants it."""
    spec = {
        "from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": draft.namespace}],
        "to": [{"group": "", "kind": "Service", "name": service.name}],
    }
    name = f"{draft.namespace}-to-{service.name}"
    draft.put(native(f"{GROUP}/v1beta1", "ReferenceGrant", name, service.namespace, spec))
