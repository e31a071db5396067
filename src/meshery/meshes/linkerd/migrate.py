"""From Linkerd's objects to neutral behaviours: what another mesh can be told, what is left over.

Services carry annotations, HTTPRoutes and ServiceProfiles say the rest of traffic; policies are
read in `migrate_policies`, ways in and out in `migrate_edge`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.behaviours.resilience import GRPC_CONDITIONS
from meshery.meshes.gateway_reading import (
    Document,
    backends_of,
    changes_of,
    matches_of,
    mirrors_of,
    parents,
    read_ingress,
)
from meshery.meshes.linkerd.migrate_edge import read_egress
from meshery.meshes.linkerd.migrate_policies import read_policies
from meshery.meshes.linkerd.routes import GATEWAY, SAFE_METHODS
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Answer, Translation, target

_ACCRUAL = "balancer.linkerd.io/failure-accrual"
_RATE = "balancer.alpha.linkerd.io/failure-accrual-success-rate-threshold"
_TIMES = {"request": "request", "response": "perTry", "idle": "idle"}
_DAYS = re.compile(r"([0-9]+)d")
_LEFT = {
    ("multicluster.linkerd.io", "Link"): "clusters are linked anew by the other mesh's own means",
    ("workload.linkerd.io", "ExternalWorkload"): "instances outside the cluster are joined anew",
    ("split.smi-spec.io", "TrafficSplit"): "the SMI extension's: read it as an object of SMI",
    (GATEWAY, "GRPCRoute"): "a route of gRPC methods is written anew, as conditions on paths",
}


def read(objects: Sequence[Object]) -> Answer:
    """The documents of the behaviours that objects come to, and a line for each thing left over."""
    notes = Translation(objects)
    readers: tuple[tuple[str, Callable[[Translation, Object], None]], ...] = (
        ("Service", _read_service),
        ("ServiceProfile", _read_profile),
        ("HTTPRoute", _read_route),
    )
    for kind, reader in readers:
        for each in of_kind(objects, kind):
            reader(notes, each)
    read_policies(notes, objects)
    read_egress(notes, objects)
    read_ingress(notes, objects)
    for each in objects:
        group = str(each.get("apiVersion", "")).rpartition("/")[0]
        why = _LEFT.get((group, str(each.get("kind"))))
        if why is not None:
            notes.lost(each, why)
    return notes.answer()


MIGRATIONS = (
    Migration(
        to="istio",
        why="copies of requests, faults, limits and conditions on claims, which Linkerd lacks",
        read=read,
    ),
    Migration(
        to="kuma",
        why="the same kinds of policies for workloads outside Kubernetes too",
        read=read,
    ),
)


def _read_service(notes: Translation, made: Object) -> None:
    annotations = dig(made, "metadata.annotations") or {}
    name, to = name_of(made), target(name_of(made), namespace_of(made))
    _retries(notes, made, to, annotations, match_safe=False)
    times = _times(annotations)
    if times:
        notes.behaviour(f"{name}-timeout", "timeout", to, times)
    _accrual(notes, made, to, annotations)
    if annotations.get("service.kubernetes.io/topology-mode") == "Auto":
        notes.behaviour(f"{name}-locality", "locality", to, {})


def _retries(
    notes: Translation, made: Object, to: Document, said: Mapping[str, str], *, match_safe: bool
) -> None:
    words = [
        each.strip()
        for field in ("http", "grpc")
        for each in said.get(f"retry.linkerd.io/{field}", "").split(",")
        if each.strip()
    ]
    if not words:
        return
    known = [each for each in words if _is_condition(each)]
    for each in words:
        if each not in known:
            notes.lost(made, f"a retry on {each} is no condition of a behaviour")
    if not known:
        return
    params: Document = {"attempts": int(said.get("retry.linkerd.io/limit", "1")), "on": known}
    if said.get("retry.linkerd.io/timeout"):
        params["perTryTimeout"] = _time(said["retry.linkerd.io/timeout"])
    if match_safe:
        params["idempotentOnly"] = True
    notes.behaviour(f"{name_of(made)}-retry", "retry", to, params)


def _is_condition(word: str) -> bool:
    is_status = word.isdecimal() and 400 <= int(word) <= 599
    return word in {"5xx", "gateway-error", *GRPC_CONDITIONS} or is_status


def _times(annotations: Mapping[str, str]) -> Document:
    return {
        name: _time(annotations[f"timeout.linkerd.io/{field}"])
        for field, name in _TIMES.items()
        if annotations.get(f"timeout.linkerd.io/{field}")
    }


def _time(text: str) -> str:
    """A duration of Linkerd; days are hours in documents."""
    return _DAYS.sub(lambda found: f"{24 * int(found[1])}h", str(text))


def _accrual(notes: Translation, made: Object, to: Document, said: Mapping[str, str]) -> None:
    mode = said.get(_ACCRUAL)
    if mode is None:
        return
    rest = _time(said.get(f"{_ACCRUAL}-consecutive-min-penalty", "1s"))
    if mode == "unified" and _RATE in said:
        ratio = round(100 * (1 - float(said[_RATE])), 4)
        params: Document = {"errorRatio": ratio, "openFor": rest}
        notes.behaviour(f"{name_of(made)}-trip", "trip", to, params)
        return
    count = int(said.get(f"{_ACCRUAL}-consecutive-max-failures", "7"))
    longest = said.get(f"{_ACCRUAL}-consecutive-max-penalty", "1m")
    notes.lost(made, f"rests that grow up to {longest} are no behaviour; each is {rest}")
    ejection = {"consecutiveErrors": count, "baseEjection": rest, "maxPercent": 100}
    notes.behaviour(f"{name_of(made)}-ejection", "ejection", to, ejection)


def _read_profile(notes: Translation, made: Object) -> None:
    """A ServiceProfile's routes, where all say one thing; what they say apart is left over."""
    name, _, rest = name_of(made).partition(".")
    to = target(name, rest.partition(".")[0] or namespace_of(made))
    routes = dig(made, "spec.routes") or []
    times = {each.get("timeout") for each in routes}
    if len(times) == 1 and None not in times:
        limit = _time(routes[0]["timeout"])
        notes.behaviour(f"{name}-timeout", "timeout", to, {"request": limit})
    elif times - {None}:
        notes.lost(made, "routes have timeouts of their own; a timeout holds for a service")
    again = [each for each in routes if each.get("isRetryable")]
    if again:
        if len(again) < len(routes):
            notes.lost(made, "some routes are tried again; a retry holds for a service")
        else:
            notes.behaviour(f"{name}-retry", "retry", to, _budgeted(dig(made, "spec.retryBudget")))
    if dig(made, "spec.dstOverrides"):
        notes.lost(made, "dstOverrides are read as an HTTPRoute by a person")
    for each in routes:
        if each.get("responseClasses"):
            notes.lost(made, f"responseClasses of the route {each.get('name')} are no behaviour")


def _budgeted(budget: Mapping[str, Any] | None) -> Document:
    """A retry as ServiceProfiles have them: a budget is their only limit."""
    given = budget or {}
    ratio, least = given.get("retryRatio", 0.2), given.get("minRetriesPerSecond", 10)
    kept = {"ratio": round(100 * ratio, 4), "minPerSecond": least}
    return {"on": ["5xx"], "budget": {**kept, "ttl": _time(given.get("ttl", "10s"))}}


def _read_route(notes: Translation, made: Object) -> None:
    for parent in parents(made, "Service"):
        home = namespace_of(made)
        namespace = parent.get("namespace") or home
        to = target(str(parent["name"]), namespace)
        if parent.get("port"):
            to["port"] = parent["port"]
        if home != namespace:
            notes.lost(made, f"it holds for callers in {home} alone; it is read for all callers")
        said = dig(made, "metadata.annotations") or {}
        rules = dig(made, "spec.rules") or []
        asked = {match.get("method") for rule in rules for match in matches_of(rule)}
        is_safe = asked == set(SAFE_METHODS)
        for rule in () if is_safe and any("retry" in each for each in said) else rules:
            _rule(notes, made, to, rule)
        _retries(notes, made, to, said, match_safe=is_safe)
        times = _times(said) or _alike(notes, made, rules)
        if times:
            notes.behaviour(f"{name_of(made)}-timeout", "timeout", to, times)


def _alike(notes: Translation, made: Object, rules: Sequence[Mapping[str, Any]]) -> Document:
    """Timeouts that all rules have; those of some rules are left over."""
    said = [each.get("timeouts") or {} for each in rules]
    if not any(said):
        return {}
    if any(each != said[0] for each in said):
        notes.lost(made, "rules have timeouts of their own; a timeout holds for a service")
        return {}
    names = {"request": "request", "backendRequest": "perTry"}
    return {name: _time(said[0][field]) for field, name in names.items() if said[0].get(field)}


def _rule(notes: Translation, made: Object, to: Document, rule: Mapping[str, Any]) -> None:
    home, name = namespace_of(made), name_of(made)
    backends = backends_of(rule, home)
    parent = to["service"] if to["namespace"] == home else f"{to['service']}.{to['namespace']}"
    leads_on = [each["service"] for each in backends] not in ([], [parent])
    changed = changes_of(notes, made, rule)
    for copy in mirrors_of(rule, home):
        notes.behaviour(f"{name}-mirror", "mirror", to, copy)
        if any(matches_of(rule)):
            notes.lost(made, "a copy of some requests is read as one of all")
    if any(each.get("filters") for each in rule.get("backendRefs") or ()):
        notes.lost(made, "filters of a backend are no behaviour; a route changes for all of them")
    for match in matches_of(rule):
        params: Document = {"match": match} if match else {}
        if len(backends) > 1 and not changed:
            notes.behaviour(f"{name}-split", "split", to, {**params, "backends": backends})
        elif leads_on or changed or match:
            kept = (
                backends
                if len(backends) > 1
                else [{"service": each["service"]} for each in backends]
            )
            led = {"backends": kept} if leads_on else {}
            notes.behaviour(f"{name}-route", "route", to, {**params, **changed, **led})
