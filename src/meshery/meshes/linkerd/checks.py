"""What is wrong in Linkerd's native objects, seen without a cluster.

A name is looked up only where the objects that are given hold something of its kind: a set without
any Service says nothing about Services.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.linkerd.kinds.policy import ACCESS_POLICIES
from meshery.meshes.look import at, name_of, namespace_of, of_kind

_POLICY = "policy.linkerd.io"
_REFUSED = ("RequestMirror", "URLRewrite", "ExtensionRef")
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_HTTP = re.compile(r"5xx|gateway-error|[1-5]\d\d(-[1-5]\d\d)?", re.IGNORECASE)
_GRPC = ("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable")
_ACCRUAL = "balancer.linkerd.io/failure-accrual"
_MIN = f"{_ACCRUAL}-consecutive-min-penalty"
_MAX = f"{_ACCRUAL}-consecutive-max-penalty"


def routes(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routes: backends that are not there, no weight at all, filters that Linkerd refuses."""
    return [
        problem for route in of_kind(objects, "HTTPRoute") for problem in _route(objects, route)
    ]


def annotations(objects: Sequence[Object]) -> Sequence[Problem]:
    """Annotations of retries, timeouts and failure accrual that the controller cannot read."""
    found: list[Problem] = []
    for each in objects:
        if each.get("kind") in {"Service", "HTTPRoute", "GRPCRoute", "EgressNetwork"}:
            said = (each.get("metadata") or {}).get("annotations") or {}
            found += _annotations(each, said)
    return found


def policies(objects: Sequence[Object]) -> Sequence[Problem]:
    """Policies that point at nothing, and Servers that lie over one another."""
    return [*_references(objects), *_overlapping(objects), *_limits(objects)]


def profiles(objects: Sequence[Object]) -> Sequence[Problem]:
    """ServiceProfiles, which make routes and annotations of the same Service useless."""
    found = []
    for profile in of_kind(objects, "ServiceProfile", "linkerd.io"):
        name, _, rest = name_of(profile).partition(".")
        home = rest.partition(".")[0]
        for route in of_kind(objects, "HTTPRoute"):
            for position, parent in enumerate(_parents(route)):
                own = parent.get("namespace") or namespace_of(route)
                if (parent.get("kind"), parent.get("name"), own) == ("Service", name, home):
                    message = f"ServiceProfile {name_of(profile)} takes the place of this route"
                    hint = "delete the profile once the route says the same"
                    found.append(
                        Problem(at(route, f"spec.parentRefs[{position}]"), message, hint=hint)
                    )
    return found


def egress(objects: Sequence[Object]) -> Sequence[Problem]:
    """EgressNetworks that let nothing out because no route allows anything."""
    found = []
    for network in of_kind(objects, "EgressNetwork", _POLICY):
        if (network.get("spec") or {}).get("trafficPolicy") != "Deny":
            continue
        routed = any(
            parent.get("kind") == "EgressNetwork" and parent.get("name") == name_of(network)
            for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
            for route in of_kind(objects, kind)
            for parent in _parents(route)
        )
        if not routed:
            message = "denies everything, and no route allows anything through it"
            found.append(Problem(at(network, "spec.trafficPolicy"), message))
    return found


VALIDATORS = {
    "routes": routes,
    "annotations": annotations,
    "policies": policies,
    "profiles": profiles,
    "egress": egress,
}


def _route(objects: Sequence[Object], route: Object) -> Iterator[Problem]:
    services = {(namespace_of(each), name_of(each)) for each in of_kind(objects, "Service")}
    for number, rule in enumerate((route.get("spec") or {}).get("rules") or ()):
        place = f"spec.rules[{number}]"
        backends = rule.get("backendRefs") or ()
        if backends and not any(each.get("weight", 1) for each in backends):
            yield Problem(at(route, f"{place}.backendRefs"), "have no weight at all")
        for position, backend in enumerate(backends):
            if backend.get("kind", "Service") != "Service":
                continue
            key = (backend.get("namespace") or namespace_of(route), backend.get("name"))
            where = at(route, f"{place}.backendRefs[{position}]")
            if services and key not in services:
                yield Problem(where, f"Service {key[0]}/{key[1]} is not there")
            if "port" not in backend:
                yield Problem(where, "names no port", hint="a Service needs one")
        for position, item in enumerate(rule.get("filters") or ()):
            if item.get("type") in _REFUSED:
                where = at(route, f"{place}.filters[{position}]")
                message = f"Linkerd refuses {item['type']}, and the whole route with it"
                yield Problem(where, message)


def _annotations(each: Object, said: dict[str, str]) -> Iterator[Problem]:
    for key, value in said.items():
        message = _unreadable(key, value)
        if message:
            yield Problem(at(each, f"metadata.annotations.{key}"), message)
    shortest, longest = _ms(said.get(_MIN, "1s")), _ms(said.get(_MAX, "1m"))
    if _ACCRUAL not in said or shortest is None or longest is None:
        return
    if shortest == 0 or longest <= shortest:
        message = "the longest penalty has to be longer than the shortest, which is not 0"
        yield Problem(at(each, f"metadata.annotations.{_MAX}"), message)


def _unreadable(key: str, value: str) -> str:
    """What is wrong with the value of an annotation; empty where nothing is, or it is not ours."""
    if key.startswith("timeout.linkerd.io/") or key in {"retry.linkerd.io/timeout", _MIN, _MAX}:
        return "" if _ms(value) is not None else "has to be a whole number with ms, s, m, h or d"
    is_right, message = _READABLE.get(key, (lambda _: True, ""))
    return "" if is_right(value) else message


_READABLE: dict[str, tuple[Callable[[str], bool], str]] = {
    _ACCRUAL: (lambda value: value in {"consecutive", "unified"}, "is consecutive or unified"),
    f"{_ACCRUAL}-consecutive-max-failures": (str.isdecimal, "has to be a whole number"),
    "retry.linkerd.io/limit": (str.isdecimal, "has to be a whole number"),
    "retry.linkerd.io/http": (
        lambda value: all(map(_HTTP.fullmatch, value.split(","))),
        "has a condition that is none",
    ),
    "retry.linkerd.io/grpc": (
        lambda value: set(value.split(",")) <= set(_GRPC),
        "has a code that is none",
    ),
    "config.linkerd.io/default-inbound-policy": (
        lambda value: value in ACCESS_POLICIES,
        f"is one of {', '.join(ACCESS_POLICIES)}",
    ),
}


def _ms(value: str) -> int | None:
    found = _DURATION.fullmatch(value)
    return int(found[1]) * _UNIT_MS[found[2]] if found else None


def _parents(route: Object) -> list[dict[str, Any]]:
    return list((route.get("spec") or {}).get("parentRefs") or ())


def _references(objects: Sequence[Object]) -> Iterator[Problem]:
    there: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in objects:
        there[str(each.get("kind"))].add((namespace_of(each), name_of(each)))
    for policy in of_kind(objects, "AuthorizationPolicy", _POLICY):
        spec = policy.get("spec") or {}
        refs = [("spec.targetRef", spec.get("targetRef") or {})]
        refs += [
            (f"spec.requiredAuthenticationRefs[{position}]", ref)
            for position, ref in enumerate(spec.get("requiredAuthenticationRefs") or ())
        ]
        for place, ref in refs:
            kind, name = ref.get("kind"), ref.get("name")
            home = ref.get("namespace") or namespace_of(policy)
            if kind in {"Namespace", "ServiceAccount"} or (home, name) in there[str(kind)]:
                continue
            yield Problem(at(policy, place), f"{kind} {home}/{name} is not there")


def _overlapping(objects: Sequence[Object]) -> Iterator[Problem]:
    seen: dict[Any, str] = {}
    for server in of_kind(objects, "Server", _POLICY):
        spec = server.get("spec") or {}
        labels = tuple(sorted(((spec.get("podSelector") or {}).get("matchLabels") or {}).items()))
        key = (namespace_of(server), labels, str(spec.get("port")))
        if key in seen:
            message = f"is the same port of the same pods as Server {seen[key]}"
            yield Problem(at(server, "spec.podSelector"), message)
        seen.setdefault(key, name_of(server))


def _limits(objects: Sequence[Object]) -> Iterator[Problem]:
    taken: dict[Any, str] = {}
    servers = {(namespace_of(each), name_of(each)) for each in of_kind(objects, "Server", _POLICY)}
    for limit in of_kind(objects, "HTTPLocalRateLimitPolicy", _POLICY):
        spec = limit.get("spec") or {}
        key = (namespace_of(limit), (spec.get("targetRef") or {}).get("name"))
        if key not in servers:
            yield Problem(at(limit, "spec.targetRef"), f"Server {key[0]}/{key[1]} is not there")
        if key in taken:
            message = f"its Server has the limit {taken[key]} already"
            yield Problem(at(limit, "spec.targetRef"), message)
        taken.setdefault(key, name_of(limit))
        total = (spec.get("total") or {}).get("requestsPerSecond")
        own = (spec.get("identity") or {}).get("requestsPerSecond")
        if total is not None and own is not None and own > total:
            yield Problem(at(limit, "spec.identity"), "allows one caller more than all together")
