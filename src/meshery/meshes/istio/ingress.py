"""Ingress: what a gateway lets in, by Istio's own Gateway or, with a class, by Gateway API.

Requests from outside meet what behaviours say of the services that they reach: the rules of those
hosts are repeated for the gateway, since one that came by a gateway does not look at the rules
of the mesh.

Source: Istio's reference of Gateway and its tasks "Ingress Gateways" and "Kubernetes Gateway API",
1.31, read on 2026-11-22.
"""

from typing import Any

import msgspec

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Ingress, IngressRoute
from meshery.behaviours.match import Match, PathMatch
from meshery.meshes.istio.condition import Condition, condition_of
from meshery.meshes.istio.drafting import backend_service, destination
from meshery.meshes.istio.naming import GATEWAY_API, networking

Native = dict[str, Any]

INGRESS_LABELS = {"istio": "ingressgateway"}
"""The label that pods of an ingress gateway have by the chart's release name."""

_RULES = 16
_HOSTS = 16
"""How many rules and hosts an HTTPRoute may have."""


class Entry(msgspec.Struct, frozen=True):
    """Requests from outside that meet a condition go to a host by its rules, or to a subset."""

    condition: Condition
    destination: Native
    to: tuple[str, str]


def ingress(draft: Draft) -> None:
    """A gateway and its routes."""
    params = draft.params(Ingress)
    if draft.behaviour.source is not None:
        draft.dropped("source", "those who call from outside have no name in the mesh")
    if draft.behaviour.target.subset is not None and any(
        each.service is not None or each.subset is not None for each in params.routes
    ):
        draft.note("target.subset holds for routes that name neither a service nor a subset")
    routes = params.routes or (IngressRoute(),)
    if params.gateway_class is not None:
        _gateway_api(draft, params, routes)
    else:
        _istio(draft, params, routes)


def _istio(draft: Draft, params: Ingress, routes: tuple[IngressRoute, ...]) -> None:
    name, namespace = draft.behaviour.name, draft.service.namespace
    hosts = list(params.hosts) or ["*"]
    draft.note("pods labelled istio: ingressgateway have to run, by the chart gateway")
    server: Native = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": hosts}
    if params.tls:
        server = {
            "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
            "hosts": hosts,
            "tls": {"mode": "SIMPLE", "credentialName": _secret(draft, "the gateway's namespace")},
        }
    spec: Native = {"selector": INGRESS_LABELS, "servers": [server]}
    draft.put(native(networking(draft.world), "Gateway", name, namespace, spec))
    entries = [_entry(draft, each) for each in routes]
    spec = {"hosts": hosts, "gateways": [name], "http": entries}
    draft.put(native(networking(draft.world), "VirtualService", f"{name}-ingress", namespace, spec))


def _entry(draft: Draft, route: IngressRoute) -> Entry:
    service = backend_service(draft, route.service)
    to = destination(draft, service, _subset(draft, route))
    port = draft.behaviour.target.port if service == draft.service else None
    if port is None and len(service.ports) > 1:
        port = service.port.number
    if port is not None:
        to["port"] = {"number": port}
    condition = condition_of(Match(PathMatch(prefix=route.path)))
    return Entry(condition, to, (service.namespace, service.name))


def _subset(draft: Draft, route: IngressRoute) -> str | None:
    if route.subset is not None:
        return route.subset
    return draft.behaviour.target.subset if route.service is None else None


def _gateway_api(draft: Draft, params: Ingress, routes: tuple[IngressRoute, ...]) -> None:
    name, namespace = draft.behaviour.name, draft.service.namespace
    listeners = [_listener(draft, params, host) for host in params.hosts or ("",)]
    for position, listener in enumerate(listeners[1:], 2):
        listener["name"] += f"-{position}"
    spec: Native = {"gatewayClassName": params.gateway_class, "listeners": listeners}
    draft.put(native(GATEWAY_API, "Gateway", name, namespace, spec))
    draft.note("the CustomResourceDefinitions of Gateway API have to be there")
    rules = [_http_rule(draft, each) for each in routes]
    for place in range(0, len(rules), _RULES):
        spec = {"parentRefs": [{"name": name}], "rules": rules[place : place + _RULES]}
        if 0 < len(params.hosts) <= _HOSTS:  # else the listeners say them alone
            spec["hostnames"] = list(params.hosts)
        part = f"{name}-{place // _RULES + 1}" if place else name
        draft.put(native(GATEWAY_API, "HTTPRoute", part, namespace, spec))


def _listener(draft: Draft, params: Ingress, host: str) -> Native:
    made: Native = {"name": "http", "port": 80, "protocol": "HTTP"}
    if params.tls:
        secret = {"kind": "Secret", "name": _secret(draft, "the Gateway's namespace")}
        made = {
            "name": "https",
            "port": 443,
            "protocol": "HTTPS",
            "tls": {"mode": "Terminate", "certificateRefs": [secret]},
        }
    return {**made, "hostname": host} if host else made


def _http_rule(draft: Draft, route: IngressRoute) -> Native:
    service = backend_service(draft, route.service)
    if _subset(draft, route) is not None:
        draft.dropped(
            "routes.subset", "HTTPRoute knows Services only: make one of the subset's pods"
        )
    target = draft.behaviour.target
    number = target.port if target.port and service == draft.service else service.port.number
    backend: Native = {"name": service.name, "port": number}
    if service.namespace != draft.service.namespace:
        backend["namespace"] = service.namespace
        draft.nearly(f"a ReferenceGrant in {service.namespace} has to allow the route to reach it")
    path = {"type": "PathPrefix", "value": route.path}
    return {"matches": [{"path": path}], "backendRefs": [backend]}


def _secret(draft: Draft, where: str) -> str:
    name = f"{draft.behaviour.name}-tls"
    draft.note(f"the certificate and key are those of the Secret {name} in {where}")
    return name
