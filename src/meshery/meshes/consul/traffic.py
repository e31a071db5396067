"""Routers and splitters: where requests go, by conditions and by weight."""

from typing import Any

from meshery.adapters.draft import Draft, Object
from meshery.behaviours.match import Match
from meshery.behaviours.rendering import Service
from meshery.behaviours.traffic import (
    Backend,
    HeaderChanges,
    Locality,
    Rewrite,
    Route,
    Split,
)
from meshery.meshes.consul.matching import SAFE_METHODS, NotExpressibleError, http_matches
from meshery.meshes.consul.parts import (
    all_callers,
    backend,
    enterprise,
    entry,
    http_targets,
    put_protocol,
    since,
    speaks_http,
    targets,
    whole_service,
)
from meshery.meshes.consul.weights import is_exact, splits

_HTTP_ONLY = "a service that speaks HTTP; for TCP a ServiceResolver can redirect all of it"


def split(draft: Draft) -> None:
    """A ServiceSplitter; with conditions, a route to one of a name that stands for the split."""
    params = draft.params(Split)
    if not _prepared(draft):
        return
    if params.steps:
        draft.dropped("steps", "a splitter holds one set of weights; who runs the canary steps on")
    if params.rollback is not None:
        draft.dropped("rollback", "a splitter does not go back by itself")
    if params.match.takes_all:
        _put_splitter(draft, draft.service.name, params.backends, named=False)
        return
    goal = _goal(draft, params.backends)
    _put_route(draft, params.match, goal, [])


def route(draft: Draft) -> None:
    """A route of a ServiceRouter: conditions, changes on the way, and where to."""
    params = draft.params(Route)
    if params.redirect is not None:
        draft.unsupported(
            "redirect is not possible: a ServiceRouter sends requests on, not callers",
            "redirect at the API gateway, or in the service itself",
        )
        return
    if not _prepared(draft):
        return
    goal: dict[str, Any] = dict(_goal(draft, params.backends)) if params.backends else {}
    for word, changes in (
        ("requestHeaders", params.header_ops.request),
        ("responseHeaders", params.header_ops.response),
    ):
        made = _changes(changes)
        if made:
            goal[word] = made
    rewrites = _rewrites(draft, params.rewrite, params.match) if params.rewrite else []
    if draft.fidelity != "unsupported":
        _put_route(draft, params.match, goal, rewrites)


def locality(draft: Draft) -> None:
    """Near instances first (Enterprise), and where to go when there are none."""
    params = draft.params(Locality)
    whole_service(draft)
    all_callers(draft)
    spec: dict[str, Any] = {}
    if enterprise(draft) and since(draft, "1.17"):
        spec["prioritizeByLocality"] = {"mode": "failover"}
        if params.mode != "prefer":
            draft.dropped("mode", f"Consul prefers near instances, it cannot be {params.mode}")
    elif params.failover:
        draft.dropped("mode", "to prefer near instances takes Consul Enterprise 1.17")
    if params.failover:
        goals = [{"datacenter": each.to} for each in params.failover]
        spec["failover"] = {"*": {"targets": goals}}
        draft.nearly("failover is one list for all callers, its localities are datacenters")
    if not spec:
        draft.unsupported(
            "nearness (mode) takes Consul Enterprise 1.17 or later",
            "a failover to other datacenters, which every edition has",
        )
        return
    for service in targets(draft):
        draft.put(entry("ServiceResolver", service.name, service.namespace, spec))


def put_common(draft: Draft, settings: dict[str, Any], *, safe_only: bool = False) -> None:
    """Put settings that hold for every route of the target: retries and timeouts."""
    for service in http_targets(draft, alternative="a connect timeout, which holds for TCP"):
        spec = {"safe" if safe_only else "common": settings}
        draft.put(entry("ServiceRouter", service.name, service.namespace, spec))
    whole_service(draft)
    all_callers(draft)


def finished_router(made: Object) -> Object:
    """A ServiceRouter with its routes as a list: specific ones first, the rest last."""
    spec = made["spec"]
    common, safe = spec.pop("common", {}), spec.pop("safe", {})
    routes = sorted(spec.pop("routes", {}).values(), key=lambda each: each["order"])
    if not routes or "match" in routes[-1]:
        routes.append({"destination": {}})
    listed = [part for each in routes for part in _with_settings(each, common, safe)]
    if listed and listed[-1] == {}:
        listed.pop()
    spec["routes"] = listed
    return made


def finished_splitter(made: Object) -> Object:
    """A ServiceSplitter with its splits as a list."""
    made["spec"]["splits"] = list(made["spec"]["splits"])
    return made


def _prepared(draft: Draft) -> bool:
    """Whether the target can be routed at all; its protocol and what is not narrowed are told."""
    whole_service(draft)
    all_callers(draft)
    return speaks_http(draft, draft.service, alternative=_HTTP_ONLY)


def _goal(draft: Draft, backends: tuple[Backend, ...]) -> dict[str, str]:
    """Where a route leads: the one backend, or a name of its own that is split."""
    if len(backends) == 1:
        return backend(draft, backends[0], draft.service)
    name = f"{draft.service.name}-{draft.behaviour.name}"
    put_protocol(draft, Service(name, draft.service.namespace, draft.service.ports))
    _put_splitter(draft, name, backends, named=True)
    return {"service": name}


def _put_splitter(draft: Draft, name: str, backends: tuple[Backend, ...], *, named: bool) -> None:
    weights = [each.weight for each in backends]
    shares = splits(weights)
    if not is_exact(weights, shares):
        draft.nearly("weights are percentages with two decimals in Consul, and are rounded")
    made = []
    for share, at in shares:
        goal = backend(draft, backends[at], draft.service)
        if named:
            goal.setdefault("service", draft.service.name)
        made.append({"weight": share, **goal})
    # A tuple is replaced as a whole, with a note, where two behaviours split one service.
    spec = {"splits": tuple(made)}
    draft.put(entry("ServiceSplitter", name, draft.service.namespace, spec))


def _put_route(
    draft: Draft, match: Match, goal: dict[str, Any], rewrites: list[dict[str, str]]
) -> None:
    try:
        conditions = http_matches(match)
    except NotExpressibleError as error:
        draft.unsupported(
            str(error), "match by path, method, headers, or parameters that are there"
        )
        return
    routes = {}
    for position, condition in enumerate(conditions):
        made: dict[str, Any] = {"order": (*match.specificity, draft.behaviour.name, position)}
        if condition:
            made["match"] = {"http": condition}
        made["destination"] = {**goal, **(rewrites[position] if rewrites else {})}
        routes[f"{draft.behaviour.name}-{position}" if condition else ""] = made
    draft.put(
        entry("ServiceRouter", draft.service.name, draft.service.namespace, {"routes": routes})
    )


def _rewrites(draft: Draft, rewrite: Rewrite, match: Match) -> list[dict[str, str]]:
    """What `prefixRewrite` is for each condition: it takes the place of what was matched."""
    if rewrite.host is not None:
        draft.dropped("rewrite.host", "a ServiceRouter changes paths only")
    path = rewrite.path
    if path is None:
        return []
    if path.prefix is not None:
        base = path.prefix.rstrip("/")
        if match.path is not None and (match.path.prefix or "/").rstrip("/"):
            return [{"prefixRewrite": base or "/"}, {"prefixRewrite": f"{base}/"}]
        return [{"prefixRewrite": f"{base}/"}]
    if match.path is not None and match.path.exact is not None:
        return [{"prefixRewrite": path.full or "/"}]
    draft.unsupported(
        "rewrite.path.full needs an exact path: prefixRewrite changes only what was matched",
        "match.path.exact, or rewrite.path.prefix",
    )
    return []


def _changes(changes: HeaderChanges) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if changes.add:
        made["add"] = dict(changes.add)
    if changes.set_:
        made["set"] = dict(changes.set_)
    if changes.remove:
        made["remove"] = list(changes.remove)
    return made


def _with_settings(
    each: dict[str, Any], common: dict[str, Any], safe: dict[str, Any]
) -> list[dict[str, Any]]:
    """One route; two where some settings hold for safe methods only."""
    match = {"match": each["match"]} if "match" in each else {}
    plain = {**each["destination"], **common}
    written = {**match, **({"destination": plain} if plain else {})}
    if not safe:
        return [written]
    asked = each.get("match", {}).get("http", {})
    methods = [one for one in asked.get("methods", SAFE_METHODS) if one in SAFE_METHODS]
    narrowed = {"match": {"http": {**asked, "methods": methods}}, "destination": {**plain, **safe}}
    if not methods:
        return [written]
    return [narrowed] if "methods" in asked else [narrowed, written]
