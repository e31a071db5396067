"""TrafficSplit, with its HTTPRouteGroup: shares of a service's requests, and routes to others."""

from collections.abc import Sequence

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.match import Match
from meshery.behaviours.traffic import Backend, HeaderOps, Route, Split
from meshery.meshes.plain import backend_service, is_elsewhere
from meshery.meshes.scope import not_narrowed
from meshery.meshes.smi.dialect import Dialect, not_sayable, route_match

NO_MATCH = "give the split without match, or take a mesh that routes by requests: Istio, Linkerd"
_EVERY_PORT = "a TrafficSplit holds for every port of its service"


def write_split(draft: Draft, dialect: Dialect) -> None:
    """A split as a TrafficSplit; steps are walked by whoever renders."""
    params = draft.params(Split)
    if _put(draft, dialect, params.backends, params.match):
        if params.steps:
            draft.note("steps are no part of it: each step is rendered with its own weights")
        if params.rollback:
            draft.note("rollback is no part of it: going back is rendering the split before")


def write_route(draft: Draft, dialect: Dialect) -> None:
    """A route as a TrafficSplit with matches; requests that do not match go to the service."""
    params = draft.params(Route)
    if params.redirect is not None:
        draft.unsupported(
            "redirect has no place: SMI chooses services and changes no request",
            "redirect in the application, or at the ingress",
        )
    elif not params.backends:
        draft.unsupported(
            "the route has no backends, and SMI changes no request (rewrite, headerOps)",
            "change requests in the application, or at the ingress",
        )
    elif _put(draft, dialect, params.backends, params.match):
        if params.rewrite is not None:
            draft.dropped("rewrite", "SMI chooses services and changes no request")
        if params.header_ops != HeaderOps():
            draft.dropped("headerOps", "SMI chooses services and changes no request")


def traffic_split(
    name: str,
    namespace: str,
    spec: Object,
    *,
    dialect: Dialect,
) -> Object:
    """A TrafficSplit of a dialect."""
    return native(f"split.smi-spec.io/{dialect.split}", "TrafficSplit", name, namespace, spec)


def route_group(
    name: str, namespace: str, matches: Sequence[object], *, dialect: Dialect
) -> Object:
    """An HTTPRouteGroup of a dialect."""
    spec = {"matches": list(matches)}
    return native(f"specs.smi-spec.io/{dialect.specs}", "HTTPRouteGroup", name, namespace, spec)


def _put(draft: Draft, dialect: Dialect, backends: Sequence[Backend], match: Match) -> bool:
    """The objects of a split, or why there are none."""
    if _is_impossible(draft, dialect, backends, match):
        return False
    not_narrowed(
        draft,
        port=_EVERY_PORT,
        subset="a TrafficSplit is told of a whole service",
        source="a TrafficSplit holds for every caller in the mesh",
    )
    name = draft.behaviour.name
    spec: Object = {
        "service": draft.service.name,
        "backends": [
            {"service": backend_service(draft, each), "weight": each.weight} for each in backends
        ],
    }
    if not match.takes_all:
        said = route_match(name, match, dialect)
        draft.put(route_group(name, draft.namespace, [said], dialect=dialect))
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": name}]
        if dialect.regex == "prefix" and match.path is not None:
            draft.nearly("match.path is taken as any beginning of a path: /v2 is also /v2example")
    draft.put(traffic_split(name, draft.namespace, spec, dialect=dialect))
    return True


def _is_impossible(
    draft: Draft, dialect: Dialect, backends: Sequence[Backend], match: Match
) -> bool:
    """Say why no TrafficSplit can do it, where none can."""
    if not match.takes_all and not dialect.splits_by_match:
        why = f"TrafficSplit {dialect.split} has no matches: match would hold for every request"
        draft.unsupported(why, NO_MATCH)
        return True
    unsaid = not_sayable(match)
    if unsaid:
        draft.unsupported(f"SMI has no words for {' and '.join(unsaid)}", NO_MATCH)
        return True
    for position, each in enumerate(backends):
        if is_elsewhere(draft, each):
            why = f"backends[{position}].service lives in another namespace than the target"
            draft.unsupported(why, "give the target's namespace a Service of type ExternalName")
            return True
        if each.subset is None and each.service in (None, draft.service.name):
            why = f"backends[{position}] is the split service itself, which SMI forbids"
            draft.unsupported(why, "name a subset: it gets a Service of its own")
            return True
    return False
