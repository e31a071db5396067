"""What is wrong in Istio's native objects, seen without a cluster.

A name is looked up only where the objects that are given hold something of its kind: a set without
any Service says nothing about Services. The names of the checks are those of istio-vet where it has
one; IST codes in the hints are those of `istioctl analyze`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.istio.naming import CLUSTER_DOMAIN, NETWORKING_GROUP, SECURITY_GROUP
from meshery.meshes.look import at, dig, name_of, namespace_of, of_kind, told

_ROUTES = ("http", "tcp", "tls")


def dangling_hosts(objects: Sequence[Object]) -> Sequence[Problem]:
    """Destinations whose host is neither a Service nor in a ServiceEntry (IST0101)."""
    known = _known_hosts(objects)
    if not known:
        return []
    return [
        Problem(
            at(route, f"{path}.host"),
            f"{destination.get('host')} is no Service and in no ServiceEntry",
            hint="correct the name, or declare the host by a ServiceEntry",
        )
        for route, path, destination in _destinations(objects)
        if not _is_known(host_in(str(destination.get("host", "")), namespace_of(route)), known)
    ]


def conflicting_hosts(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two VirtualServices of one host for the sidecars: one of them alone is heeded (IST0109)."""
    seen: dict[str, Object] = {}
    found = []
    for route in of_kind(objects, "VirtualService", NETWORKING_GROUP):
        if "mesh" not in (dig(route, "spec.gateways") or ["mesh"]):
            continue
        for position, host in enumerate(dig(route, "spec.hosts") or []):
            full = host_in(str(host), namespace_of(route))
            if full in seen:
                message = f"{full} has rules in {told(seen[full])} too; sidecars heed one of them"
                hint = "lay the rules together in one VirtualService"
                found.append(Problem(at(route, f"spec.hosts[{position}]"), message, hint=hint))
            seen.setdefault(full, route)
    return found


def subsets(objects: Sequence[Object]) -> Sequence[Problem]:
    """Destinations whose subset no DestinationRule of their host defines (IST0101)."""
    defined: dict[str, set[str]] = defaultdict(set)
    for rule in of_kind(objects, "DestinationRule", NETWORKING_GROUP):
        host = host_in(str(dig(rule, "spec.host")), namespace_of(rule))
        defined[host] |= {str(each.get("name")) for each in dig(rule, "spec.subsets") or []}
    found = []
    for route, path, destination in _destinations(objects):
        host = host_in(str(destination.get("host", "")), namespace_of(route))
        subset = destination.get("subset")
        if subset and subset not in defined[host]:
            there = ", ".join(sorted(defined[host])) or "none"
            message = f"no DestinationRule of {host} defines the subset {subset}; defined: {there}"
            found.append(Problem(at(route, f"{path}.subset"), message, hint="define it by labels"))
    return found


def weights(objects: Sequence[Object]) -> Sequence[Problem]:
    """Shares that are none: no weight at all, or one destination twice in a rule."""
    found = []
    for route, path, rule in _rules(objects):
        ways = rule.get("route") or []
        if len(ways) > 1 and not any(each.get("weight") for each in ways):
            message = "no destination has a weight: no request goes anywhere"
            found.append(Problem(at(route, f"{path}.route"), message, hint="give shares of a sum"))
        seen: list[Any] = []
        for position, each in enumerate(ways):
            if each.get("destination") in seen:
                message = "is the destination of this rule already"
                place = at(route, f"{path}.route[{position}]")
                found.append(Problem(place, message, hint="add up the two weights"))
            seen.append(each.get("destination"))
    return found


def unreachable(objects: Sequence[Object]) -> Sequence[Problem]:
    """Rules that stand after one which takes every request (IST0130)."""
    found = []
    for route in of_kind(objects, "VirtualService", NETWORKING_GROUP):
        catching = None
        for position, rule in enumerate(dig(route, "spec.http") or []):
            if catching is not None:
                message = f"is never reached: spec.http[{catching}] takes every request"
                hint = "put the rule that takes everything last"
                found.append(Problem(at(route, f"spec.http[{position}]"), message, hint=hint))
            elif not rule.get("match"):
                catching = position
    return found


def gateways(objects: Sequence[Object]) -> Sequence[Problem]:
    """VirtualServices that name a Gateway which is not there (IST0101)."""
    known = {
        (namespace_of(each), name_of(each))
        for each in of_kind(objects, "Gateway", NETWORKING_GROUP)
    }
    if not known:
        return []
    found = []
    for route in of_kind(objects, "VirtualService", NETWORKING_GROUP):
        for position, named in enumerate(dig(route, "spec.gateways") or []):
            namespace, _, name = str(named).rpartition("/")
            if named != "mesh" and (namespace or namespace_of(route), name) not in known:
                place = at(route, f"spec.gateways[{position}]")
                found.append(Problem(place, f"{named} is no Gateway", hint="NAMESPACE/NAME"))
    return found


def peers(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two PeerAuthentications of one scope: Istio heeds only the oldest."""
    return [
        *_twice(objects, "PeerAuthentication", SECURITY_GROUP, "selector", "the oldest is heeded"),
        *_twice(
            objects, "Sidecar", NETWORKING_GROUP, "workloadSelector", "what holds is undefined"
        ),
    ]


def host_in(name: str, namespace: str) -> str:
    """The full name of a host as an object of a namespace says it."""
    if "." in name or name == "*":
        return name
    return f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"


def _twice(
    objects: Sequence[Object], kind: str, group: str, field: str, why: str
) -> Iterator[Problem]:
    seen: dict[str, Object] = {}
    for each in of_kind(objects, kind, group):
        selector = dig(each, f"spec.{field}") or {}
        scope = f"{namespace_of(each)} {sorted(_labels(selector).items())}"
        if scope in seen:
            message = f"is for the same pods as {told(seen[scope])}: {why}"
            yield Problem(at(each, f"spec.{field}"), message, hint="keep one of the two")
        seen.setdefault(scope, each)


def _labels(selector: Mapping[str, Any]) -> Mapping[str, Any]:
    found = selector.get("matchLabels") or selector.get("labels") or {}
    return found if isinstance(found, Mapping) else {}


def _rules(objects: Sequence[Object]) -> Iterator[tuple[Object, str, Mapping[str, Any]]]:
    """Every rule of every VirtualService, with its path."""
    for route in of_kind(objects, "VirtualService", NETWORKING_GROUP):
        for kind in _ROUTES:
            for position, rule in enumerate(dig(route, f"spec.{kind}") or []):
                yield route, f"spec.{kind}[{position}]", rule


def _destinations(objects: Sequence[Object]) -> Iterator[tuple[Object, str, Mapping[str, Any]]]:
    """Every destination of every VirtualService, of copies too, with its path."""
    for route, path, rule in _rules(objects):
        for field in ("route", "mirrors"):
            for position, each in enumerate(rule.get(field) or []):
                yield (
                    route,
                    f"{path}.{field}[{position}].destination",
                    each.get("destination") or {},
                )
        if rule.get("mirror"):
            yield route, f"{path}.mirror", rule["mirror"]


def _known_hosts(objects: Sequence[Object]) -> set[str]:
    hosts = {
        host_in(name_of(each), namespace_of(each))
        for each in objects
        if each.get("kind") == "Service" and each.get("apiVersion") == "v1"
    }
    for entry in of_kind(objects, "ServiceEntry", NETWORKING_GROUP):
        hosts |= {str(each) for each in dig(entry, "spec.hosts") or []}
    return hosts


def _is_known(host: str, known: set[str]) -> bool:
    wild = any(each.startswith("*.") and host.endswith(each[1:]) for each in known)
    short = f"{host}.svc.{CLUSTER_DOMAIN}" in known or f"{host}.{CLUSTER_DOMAIN}" in known
    return host in known or wild or short
