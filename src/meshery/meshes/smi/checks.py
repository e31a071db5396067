"""What is wrong in SMI objects, taken together: what a server that takes them cannot see."""

from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, name_of, namespace_of, of_kind

_ROUTES = ("HTTPRouteGroup", "TCPRoute", "UDPRoute")


def splits(objects: Sequence[Object]) -> Sequence[Problem]:
    """TrafficSplits that split into themselves, into nothing, twice, or along missing groups."""
    return tuple(_splits(objects))


def targets(objects: Sequence[Object]) -> Sequence[Problem]:
    """TrafficTargets that allow nobody or nothing, or along routes that are not there."""
    return tuple(_targets(objects))


def route_groups(objects: Sequence[Object]) -> Sequence[Problem]:
    """Names of matches that stand twice in a group."""
    return tuple(_groups(objects))


def _splits(objects: Sequence[Object]) -> Iterator[Problem]:
    apexes: dict[tuple[str, str], list[Object]] = {}
    groups = {(namespace_of(each), name_of(each)) for each in of_kind(objects, "HTTPRouteGroup")}
    services = {(namespace_of(each), name_of(each)) for each in of_kind(objects, "Service")}
    for split in of_kind(objects, "TrafficSplit"):
        spec = split.get("spec") or {}
        apexes.setdefault((namespace_of(split), str(spec.get("service"))), []).append(split)
    for split in of_kind(objects, "TrafficSplit"):
        spec, namespace = split.get("spec") or {}, namespace_of(split)
        backends = spec.get("backends") or []
        yield from _backends(split, backends, apexes)
        for position, backend in enumerate(backends):
            if services and (namespace, backend.get("service")) not in services:
                path = at(split, f"spec.backends[{position}].service")
                told = f"there is no Service {namespace}/{backend.get('service')}"
                yield Problem(path, told, hint="make the Service, or name another one")
        for position, group in enumerate(spec.get("matches") or []):
            if (namespace, group.get("name")) not in groups:
                path = at(split, f"spec.matches[{position}]")
                told = f"there is no HTTPRouteGroup {namespace}/{group.get('name')}"
                yield Problem(path, told, hint="a split whose matches are missing splits nothing")
    for (namespace, apex), found in apexes.items():
        without = [each for each in found if not (each.get("spec") or {}).get("matches")]
        if len(without) > 1:
            names = ", ".join(name_of(each) for each in without)
            path = at(without[-1], "spec.service")
            told = f"{namespace}/{apex} is split by {names} at once"
            yield Problem(path, told, hint="keep one of them: which one wins is not said")


def _backends(
    split: Object, backends: Sequence[Any], apexes: dict[tuple[str, str], list[Object]]
) -> Iterator[Problem]:
    apex, namespace = str((split.get("spec") or {}).get("service")), namespace_of(split)
    for position, backend in enumerate(backends):
        path, service = f"spec.backends[{position}]", backend.get("service")
        weight = backend.get("weight")
        if service == apex:
            told = "is the split service itself"
            yield Problem(at(split, f"{path}.service"), told, hint="split into other services")
        elif (namespace, service) in apexes:
            told = f"{service} is split itself; splits are not followed"
            yield Problem(at(split, f"{path}.service"), told, hint="name the last services")
        if isinstance(weight, (int, float)) and (weight < 0 or weight != int(weight)):
            told = f"{weight} is no whole number from 0"
            yield Problem(at(split, f"{path}.weight"), told, hint="weights are relative: 1 and 3")
    if backends and not any(backend.get("weight") for backend in backends):
        yield Problem(at(split, "spec.backends"), "have no weight at all", hint="give one a weight")


def _targets(objects: Sequence[Object]) -> Iterator[Problem]:
    groups: dict[tuple[str, str, str], set[str]] = {}
    for each in objects:
        if each.get("kind") in _ROUTES and "smi-spec.io" in str(each.get("apiVersion")):
            matches = (each.get("spec") or {}).get("matches")
            names = {str(match.get("name")) for match in matches or [] if isinstance(match, dict)}
            groups[(str(each["kind"]), namespace_of(each), name_of(each))] = names
    for target in of_kind(objects, "TrafficTarget"):
        spec = target.get("spec") or {}
        if not spec.get("sources"):
            yield Problem(at(target, "spec.sources"), "are none: it allows nobody", hint="name one")
        if not spec.get("rules"):
            yield Problem(at(target, "spec.rules"), "are none: it allows nothing", hint="name one")
        for position, rule in enumerate(spec.get("rules") or []):
            yield from _rule(target, rule, f"spec.rules[{position}]", groups)


def _rule(
    target: Object, rule: Any, place: str, groups: dict[tuple[str, str, str], set[str]]
) -> Iterator[Problem]:
    key = (str(rule.get("kind")), namespace_of(target), str(rule.get("name")))
    if key not in groups:
        told = f"there is no {key[0]} {key[1]}/{key[2]}"
        yield Problem(at(target, place), told, hint="a rule without its route allows nothing")
        return
    for index, match in enumerate(rule.get("matches") or []):
        if match not in groups[key]:
            told = f"{key[0]} {key[2]} has no match {match!r}"
            known = ", ".join(sorted(groups[key])) or "none"
            yield Problem(at(target, f"{place}.matches[{index}]"), told, hint=f"it has {known}")


def _groups(objects: Sequence[Object]) -> Iterator[Problem]:
    for group in of_kind(objects, "HTTPRouteGroup"):
        seen: set[str] = set()
        for position, match in enumerate((group.get("spec") or {}).get("matches") or []):
            name = str(match.get("name"))
            if name in seen:
                path = at(group, f"spec.matches[{position}].name")
                yield Problem(path, f"{name!r} stands twice", hint="rules name a match by its name")
            seen.add(name)
