"""Routes, splits, faults by a backend that fails, and nearness, as Linkerd has them."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.pressure import FaultInjection
from meshery.behaviours.rendering import Service
from meshery.behaviours.traffic import (
    Backend,
    HeaderChanges,
    Locality,
    PathRewrite,
    Redirect,
    Route,
    Split,
)
from meshery.meshes.linkerd.matching import expressed
from meshery.meshes.linkerd.parts import (
    all_callers,
    annotated,
    backend_service,
    home,
    line_of,
    nothing_known,
    targets,
    whole_service,
)
from meshery.meshes.linkerd.routes import (
    NO_ROUTES,
    api_version,
    backend_ref,
    put_for_all,
    put_route,
)

ERROR_STATUS = "meshery.io/answers-with"
"""The label of a service that answers every request with one status: a backend for faults."""
_CONDITIONS = "match by a path, a method, or a header that is there"
_STATUS = {301: 301, 302: 302, 303: 302, 307: 302, 308: 301}


def split(draft: Draft) -> None:
    """An HTTPRoute with weighted backends."""
    params = draft.params(Split)
    if not _routable(draft):
        return
    service = home(draft)
    refs = _refs(draft, service, params.backends)
    if params.steps:
        draft.dropped("steps", "a route holds one set of weights; whoever runs the canary steps on")
    if params.rollback is not None:
        draft.dropped("rollback", "a route does not go back by itself")
    if params.match.takes_all:
        put_for_all(draft, service, {"backendRefs": refs})
        return
    match = expressed(draft, params.match, _CONDITIONS)
    if match is not None:
        put_route(draft, service, [{"matches": [match], "backendRefs": refs}])


def route(draft: Draft) -> None:
    """An HTTPRoute with conditions, changes of headers, and a redirect."""
    params = draft.params(Route)
    if not _routable(draft):
        return
    if params.rewrite is not None:
        draft.unsupported(
            "rewrite is refused by Linkerd: it takes no URLRewrite filter, and a route with one "
            "is marked invalid",
            "rewrite in the service itself or at a gateway before the mesh; the rest of the route "
            "works without rewrite",
        )
        return
    service = home(draft)
    match = expressed(draft, params.match, _CONDITIONS)
    if match is None:
        return
    rule: dict[str, Any] = {}
    filters = _filters(draft, params)
    if filters:
        rule["filters"] = filters
    if params.redirect is None:
        backends = params.backends or (Backend(service=f"{service.name}.{service.namespace}"),)
        rule["backendRefs"] = _refs(draft, service, backends, alone=not params.backends)
    if params.match.takes_all:
        put_for_all(draft, service, rule)
    else:
        put_route(draft, service, [{"matches": [match], **rule}])


def fault(draft: Draft) -> None:
    """A share of requests goes to a service that answers with the status, where there is one."""
    params = draft.params(FaultInjection)
    status = params.abort.status if params.abort is not None else None
    failing = _failing(draft, status)
    if params.abort is None or failing is None:
        draft.unsupported(
            "Linkerd injects no faults itself: delay, abort and bandwidth have no object",
            "let a service that answers with the wanted status stand in the namespace, labelled "
            f"{ERROR_STATUS}=503 for instance; abort then becomes a split to it",
        )
        return
    if not _routable(draft):
        return
    service = home(draft)
    if params.delay is not None:
        draft.dropped("delay", "a split cannot wait")
    if params.bandwidth is not None:
        draft.dropped("bandwidth", "a split does not slow down")
    share = round(params.abort.percent * 10_000)
    draft.nearly(f"abort is a split of {params.abort.percent:g} % to {failing.name}")
    refs = [
        backend_ref(draft, service, service, 1_000_000 - share),
        backend_ref(draft, failing, service, share),
    ]
    if params.match.takes_all:
        put_for_all(draft, service, {"backendRefs": refs})
        return
    match = expressed(draft, params.match, _CONDITIONS)
    if match is not None:
        put_route(draft, service, [{"matches": [match], "backendRefs": refs}])


def locality(draft: Draft) -> None:
    """Kubernetes' hints on EndpointSlices, which Linkerd follows."""
    params = draft.params(Locality)
    services = targets(draft)
    if not services:
        nothing_known(draft)
        return
    all_callers(draft)
    whole_service(draft)
    if params.mode != "prefer":
        draft.dropped("mode", f"hints prefer a zone, they cannot be {params.mode}")
    if params.failover:
        draft.dropped("failover", "without enough instances in a zone all zones are used")
    draft.nearly(
        "Kubernetes decides: zones are kept apart only where it gives hints, which takes about "
        "three instances in each zone"
    )
    for service in services:
        draft.put(annotated(service, {"service.kubernetes.io/topology-mode": "Auto"}))


def _routable(draft: Draft) -> bool:
    if not api_version(draft):
        draft.unsupported("this version reads no HTTPRoute at Services", NO_ROUTES)
        return False
    if draft.is_whole_mesh:
        nothing_known(draft)
        return False
    return True


def _refs(
    draft: Draft, parent: Service, backends: tuple[Backend, ...], *, alone: bool = False
) -> list[dict[str, Any]]:
    refs = []
    for backend in backends:
        service = backend_service(draft, backend)
        refs.append(backend_ref(draft, service, parent, None if alone else backend.weight))
    return refs


def _failing(draft: Draft, status: int | None) -> Service | None:
    """A known service of the namespace that says it answers with a status."""
    if status is None:
        return None
    for service in draft.world.services:
        if service.namespace == draft.namespace and service.labels.get(ERROR_STATUS) == str(status):
            return service
    return None


def _filters(draft: Draft, params: Route) -> list[dict[str, Any]]:
    filters = []
    for word, changes in (
        ("request", params.header_ops.request),
        ("response", params.header_ops.response),
    ):
        changed = _changes(changes)
        if changed and word == "response" and line_of(draft) < 14:
            draft.dropped("headerOps.response", "HTTPRoute has it from Linkerd 2.14 on")
        elif changed:
            kind = f"{word}HeaderModifier"
            filters.append({"type": kind[0].upper() + kind[1:], kind: changed})
    if params.redirect is not None:
        redirect = _redirect(draft, params.redirect)
        filters.append({"type": "RequestRedirect", "requestRedirect": redirect})
    return filters


def _changes(changes: HeaderChanges) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for word, headers in (("set", changes.set_), ("add", changes.add)):
        if headers:
            made[word] = [{"name": name, "value": value} for name, value in headers.items()]
    if changes.remove:
        made["remove"] = list(changes.remove)
    return made


def _redirect(draft: Draft, redirect: Redirect) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if redirect.scheme is not None:
        made["scheme"] = redirect.scheme
    if redirect.host is not None:
        made["hostname"] = redirect.host
    if redirect.port is not None:
        made["port"] = redirect.port
    if redirect.path is not None:
        made["path"] = _modified(redirect.path)
    made["statusCode"] = _STATUS[redirect.status]
    if made["statusCode"] != redirect.status:
        draft.nearly(
            f"status {redirect.status} becomes {made['statusCode']}: the Gateway API's standard "
            "channel had only 301 and 302 in the bundles that Linkerd is made for"
        )
    return made


def _modified(path: PathRewrite) -> dict[str, str]:
    if path.full is not None:
        return {"type": "ReplaceFullPath", "replaceFullPath": path.full}
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": path.prefix or "/"}
