"""What a VirtualRouter says of ways: shares, and routes with matches."""

import math
import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match, PathMatch, ValueMatch
from meshery.behaviours.traffic import Backend, HeaderOps, Route, Split
from meshery.meshes.app_mesh.objects import (
    default_route,
    node_name,
    put_node,
    put_router,
    route_field,
)
from meshery.meshes.scope import not_narrowed, one_service

EVERY_CALLER = "a VirtualRouter holds for every caller"
_MOST_WEIGHT, _MOST_TARGETS = 100, 10


def split(draft: Draft) -> None:
    """Weighted targets of the route that takes what no other takes, or of one with a match."""
    params = draft.params(Split)
    if not one_service(draft):
        return
    name = default_route(draft) if params.match.takes_all else draft.behaviour.name
    if not _put_route(draft, name, params.match, params.backends):
        return
    if params.steps:
        draft.note("steps are no part of it: each step is rendered with its own weights")
    if params.rollback:
        draft.note("rollback is no part of it: going back is rendering the split before")


def route(draft: Draft) -> None:
    """A route of its own, before the ones that are less specific."""
    params = draft.params(Route)
    if not one_service(draft):
        return
    if params.redirect is not None:
        draft.unsupported(
            "redirect has no place: a route leads to nodes",
            "redirect in the application, or rewrite at the gateway (GatewayRoute)",
        )
        return
    backends = params.backends or (Backend(service=draft.service.name),)
    if not _put_route(draft, draft.behaviour.name, params.match, backends):
        return
    if params.rewrite is not None:
        draft.dropped("rewrite", "only a GatewayRoute rewrites")
    if params.header_ops != HeaderOps():
        draft.dropped("headerOps", "App Mesh changes no headers")


def lead_to_node(draft: Draft) -> None:
    """A route to the node of the target, where nothing leads to it yet."""
    name = put_node(draft, draft.service)
    field = route_field(draft)
    match = {} if field in ("tcpRoute", "grpcRoute") else {"prefix": "/"}
    target = {"virtualNodeRef": {"name": name}, "weight": 1}
    said = {"match": match, "action": {"weightedTargets": (target,)}}
    put_router(draft, routes={default_route(draft): {"order": Match().specificity, field: said}})


def _put_route(draft: Draft, name: str, match: Match, backends: tuple[Backend, ...]) -> bool:
    field = route_field(draft)
    unsaid = _not_sayable(match, field)
    if unsaid:
        draft.unsupported(
            f"App Mesh has no words for {' and '.join(unsaid)}",
            "leave it out of match, or move to Istio, whose VirtualService has it",
        )
        return False
    if len(backends) > _MOST_TARGETS:
        told = f"backends are {len(backends)}, a route takes {_MOST_TARGETS}"
        draft.unsupported(told, "split in two steps: a service of its own for some")
        return False
    not_narrowed(draft, subset="backends name subsets", source=EVERY_CALLER)
    targets = _targets(draft, backends)
    said: dict[str, Any] = {} if field == "tcpRoute" else {"match": _match(match, field)}
    if field == "tcpRoute":
        said["match"] = {}
    port = draft.behaviour.target.port
    if port is not None:
        said["match"]["port"] = port
    said["action"] = {"weightedTargets": targets}
    put_router(draft, routes={name: {"order": match.specificity, field: said}})
    return True


def _targets(draft: Draft, backends: tuple[Backend, ...]) -> tuple[dict[str, Any], ...]:
    """The weighted targets; a tuple, for it is replaced as a whole where two behaviours differ."""
    weights = _weights(draft, [each.weight for each in backends])
    found = []
    for backend, weight in zip(backends, weights, strict=True):
        home = "" if "." in (backend.service or "") else draft.namespace
        service = draft.world.service(backend.service or draft.service.name, home)
        put_node(draft, service, backend.subset)
        reference = {"name": node_name(draft.world, service, backend.subset)}
        if service.namespace != draft.namespace:
            reference["namespace"] = service.namespace
        found.append({"virtualNodeRef": reference, "weight": weight})
    return tuple(found)


def _weights(draft: Draft, weights: list[int]) -> list[int]:
    """Weights from 0 to 100; larger ones are scaled, and told where that is not exact."""
    if max(weights) <= _MOST_WEIGHT:
        return weights
    common = math.gcd(*weights)
    weights = [weight // common for weight in weights]
    if max(weights) <= _MOST_WEIGHT:
        return weights
    scaled = [weight * _MOST_WEIGHT / max(weights) for weight in weights]
    rounded = [max(1, round(each)) if each else 0 for each in scaled]
    if rounded != scaled:
        told = ":".join(str(each) for each in rounded)
        draft.nearly(f"weight goes up to 100 here, so the shares are {told}")
    return rounded


def _match(match: Match, field: str) -> dict[str, Any]:
    if field == "grpcRoute":
        metadata = [_header(header) for header in match.headers]
        return {"metadata": metadata} if metadata else {}
    found: dict[str, Any] = _path(match.path)
    if match.method is not None:
        found["method"] = match.method
    if match.headers:
        found["headers"] = [_header(header) for header in match.headers]
    if match.query:
        found["queryParameters"] = [
            {"name": each.name, "match": {"exact": each.exact}} for each in match.query
        ]
    return found


def _path(path: PathMatch | None) -> dict[str, Any]:
    """A prefix means whole elements, which App Mesh's own prefix does not: a regex says it."""
    if path is None or path.prefix == "/":
        return {"prefix": "/"}
    if path.exact is not None:
        return {"path": {"exact": path.exact}}
    if path.prefix is not None:
        return {"path": {"regex": f"{re.escape(path.prefix.rstrip('/'))}(/.*)?"}}
    return {"path": {"regex": path.regex}}


def _header(header: ValueMatch) -> dict[str, Any]:
    found: dict[str, Any] = {"name": header.name}
    if header.invert or header.present is False:
        found["invert"] = True
    if header.contains is not None:
        found["match"] = {"regex": f".*{re.escape(header.contains)}.*"}
    for word in ("exact", "prefix", "suffix", "regex"):
        value = getattr(header, word)
        if value is not None:
            found["match"] = {word: value}
    return found


def _not_sayable(match: Match, field: str) -> list[str]:
    """The parts of a match that this kind of route has no words for."""
    if field == "tcpRoute":
        return [] if match.takes_all else ["match (what is tcp has no requests)"]
    found = []
    if field == "grpcRoute":
        found += [f"match.{each}" for each in ("path", "method", "query") if getattr(match, each)]
    for position, each in enumerate(match.query):
        if each.exact is None or each.invert:
            found.append(f"match.query[{position}] other than exact")
    return list(dict.fromkeys(found))
