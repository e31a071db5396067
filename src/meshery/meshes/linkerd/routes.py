"""HTTPRoutes: of which API, at which Service, and never without a way for what they do not match.

A request to a Service that has an HTTPRoute and matches none of its rules is answered with 404, so
each Service with a route gets one more of its own name that takes the rest. That one also holds
what was said for all requests, such as a split without conditions.
"""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.rendering import Service
from meshery.meshes.linkerd.parts import POLICY, line_of, port_number

GATEWAY = "gateway.networking.k8s.io"
NO_ROUTES = "upgrade to Linkerd 2.14 or later; before 2.13 the SMI extension's TrafficSplit splits"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")
"""Methods that may be sent twice (RFC 9110, section 9.2.2)."""
_MATCH_ALL = {"path": {"type": "PathPrefix", "value": "/"}}


def api_version(draft: Draft) -> str:
    """The HTTPRoute that this line of Linkerd reads; empty where it reads none at Services."""
    line = line_of(draft)
    if line >= 18:
        return f"{GATEWAY}/v1"
    if line >= 14:
        return f"{GATEWAY}/v1beta1"
    return f"{POLICY}/v1beta2" if line == 13 else ""


def put_route(
    draft: Draft,
    service: Service,
    rules: list[dict[str, Any]],
    *,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Put a route with conditions, and the one that takes the rest."""
    name = f"{_name(draft, service)}-{draft.behaviour.name}"
    made = _route(draft, service, name, {"rules": rules})
    if annotations:
        made["metadata"]["annotations"] = dict(annotations)
    draft.put(made)
    itself = {"matches": [_MATCH_ALL], "backendRefs": [backend_ref(draft, service, service)]}
    draft.put(_route(draft, service, _name(draft, service), {"otherwise": itself}))


def put_for_all(draft: Draft, service: Service, rule: Mapping[str, Any]) -> None:
    """Put what is said for all requests."""
    whole = {"matches": [_MATCH_ALL], **rule}
    # A tuple is replaced as a whole, with a note, where two behaviours say something for all.
    draft.put(_route(draft, service, _name(draft, service), {"rules": (whole,)}))


def finished(made: Object) -> Object:
    """The route that takes the rest, with what was said for all, else the Service itself."""
    spec = made["spec"]
    otherwise = spec.pop("otherwise", None)
    if otherwise is not None and "rules" not in spec:
        spec["rules"] = [otherwise]
    spec["rules"] = list(spec["rules"])
    return made


def backend_ref(
    draft: Draft, service: Service, parent: Service, weight: int | None = None
) -> Object:
    """A Service as the place where requests go."""
    port = port_number(draft, service) if service == parent else service.port.number
    if service.is_assumed and draft.behaviour.target.port is not None:
        port = draft.behaviour.target.port
    made: Object = {"name": service.name, "port": port}
    if service.namespace != _home(draft, parent):
        made["namespace"] = service.namespace
    if weight is not None:
        made["weight"] = weight
    return made


def _name(draft: Draft, service: Service) -> str:
    port = draft.behaviour.target.port
    return f"{service.name}-{port}" if port else service.name


def _home(draft: Draft, parent: Service) -> str:
    """Where the route stands: a route in a caller's namespace holds for that namespace alone."""
    source = draft.behaviour.source
    if source is None:
        return parent.namespace
    return draft.world.service(source).namespace


def _route(draft: Draft, service: Service, name: str, spec: dict[str, Any]) -> Object:
    """A route of a Service. A source is said by the namespace in which the route stands."""
    home = _home(draft, service)
    if draft.behaviour.source is not None:
        if home == service.namespace:
            draft.dropped("source", "a route in the Service's own namespace holds for all callers")
        else:
            draft.nearly(f"source is every caller in the namespace {home}")
    if len(service.ports) > 1 and draft.behaviour.target.port is None:
        draft.nearly(f"only port {service.port.number} is routed, the first of {service.name}")
    parent = {
        "group": "core",
        "kind": "Service",
        "name": service.name,
        "port": port_number(draft, service),
    }
    if home != service.namespace:
        parent["namespace"] = service.namespace
    return native(api_version(draft), "HTTPRoute", name, home, {"parentRefs": [parent], **spec})
