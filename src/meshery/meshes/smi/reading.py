"""SMI objects read back into behaviours: splits, and who may call whom."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.smi.dialect import Dialect
from meshery.meshes.translation import Translation, identity, target

_LITERAL = re.compile(r"(?:[^\\.^$*+?()\[\]{}|]|\\[^A-Za-z0-9])*")
_ELEMENTS = ("(/.*)?", "(?:/.*)?")
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


def read_smi(translation: Translation, dialect: Dialect) -> None:
    """The behaviours of TrafficSplits and TrafficTargets."""
    groups = _groups(translation.objects)
    for split in of_kind(translation.objects, "TrafficSplit"):
        _split(translation, split, groups, dialect)
    for found in of_kind(translation.objects, "TrafficTarget"):
        _target(translation, found, groups, dialect)


def path_of(regex: str, dialect: Dialect) -> dict[str, str]:
    """The path match of a regular expression: exact or a prefix where it is no more than that."""
    body = _body(regex)
    is_whole = dialect.regex == "whole" or (regex.startswith("^") and _is_anchored(regex))
    for end in _ELEMENTS:
        if is_whole and body.endswith(end) and _LITERAL.fullmatch(body.removesuffix(end)):
            return {"prefix": _plain(body.removesuffix(end)) or "/"}
    if body in ("/.*", ".*") or (body == "/" and not is_whole):
        return {"prefix": "/"}
    is_literal = bool(_LITERAL.fullmatch(body)) and body.startswith("/")
    if is_literal and (is_whole or dialect.regex == "prefix"):
        return {"exact" if is_whole else "prefix": _plain(body)}
    head = "" if is_whole or dialect.regex == "prefix" or regex.startswith("^") else ".*"
    tail = "" if is_whole or _is_anchored(regex) else ".*"
    return {"regex": f"{head}{body}{tail}"}


def pattern_of(regex: str, dialect: Dialect) -> str | None:
    """The path pattern `/x`, `/x*` or `*x` of a regular expression; None where there is none."""
    body = _body(regex)
    is_whole = dialect.regex == "whole" or (regex.startswith("^") and _is_anchored(regex))
    open_end = body.endswith(".*") or (dialect.regex == "prefix")
    open_start = body.startswith(".*")
    middle = body.removeprefix(".*").removesuffix(".*")
    if not is_whole and dialect.regex == "anywhere":
        return "*" if body == ".*" else None
    if not _LITERAL.fullmatch(middle) or (open_start and open_end and middle):
        return None
    plain = _plain(middle)
    if not plain or plain == "/":
        return "/" if plain == "/" and not open_end else "*"
    return f"*{plain}" if open_start else f"{plain}*" if open_end else plain


def _split(
    translation: Translation,
    split: Object,
    groups: Mapping[tuple[str, str], Sequence[Any]],
    dialect: Dialect,
) -> None:
    namespace, spec = namespace_of(split), split.get("spec") or {}
    backends = [
        {"service": each.get("service"), "weight": _weight(each.get("weight", 0))}
        for each in spec.get("backends") or []
    ]
    if not any(each["weight"] for each in backends):
        translation.lost(split, "backends without any weight")
        return
    place = target(str(spec.get("service")), namespace)
    matches = [
        match
        for group in spec.get("matches") or []
        for match in groups.get((namespace, str(group.get("name"))), ())
    ]
    if not matches:
        if spec.get("matches"):
            translation.lost(split, "its matches are not there, so it splits nothing")
            return
        translation.behaviour(name_of(split), "split", place, {"backends": backends})
    for match in matches:
        for one in _matches(match, dialect):
            params = {"backends": backends, "match": one}
            translation.behaviour(name_of(split), "split", place, params)


def _matches(match: Mapping[str, Any], dialect: Dialect) -> Iterator[dict[str, Any]]:
    """The matches of one native one: a behaviour takes one method."""
    found: dict[str, Any] = {}
    if match.get("pathRegex"):
        found["path"] = path_of(str(match["pathRegex"]), dialect)
    headers = _headers(match)
    if headers:
        found["headers"] = [
            {"name": name, "regex": _value(regex, dialect)} for name, regex in headers.items()
        ]
    methods = [each for each in match.get("methods") or [] if each in _METHODS]
    for method in methods:
        yield {**found, "method": method}
    if not methods:
        yield found


def _target(
    translation: Translation,
    found: Object,
    groups: Mapping[tuple[str, str], Sequence[Any]],
    dialect: Dialect,
) -> None:
    spec, namespace = found.get("spec") or {}, namespace_of(found)
    destination = spec.get("destination") or {}
    home = str(destination.get("namespace") or namespace)
    sources = [
        {"identity": identity(str(each.get("namespace") or namespace), str(each.get("name")))}
        for each in spec.get("sources") or []
    ]
    if not sources or not spec.get("rules"):
        translation.lost(found, "allows nobody or nothing; on another mesh that is a deny")
        return
    ports = [int(destination["port"])] if destination.get("port") else []
    operations = []
    for rule in spec.get("rules") or []:
        if rule.get("kind") == "HTTPRouteGroup":
            known = groups.get((namespace, str(rule.get("name"))), ())
            named = rule.get("matches") or [match.get("name") for match in known]
            for match in known:
                if match.get("name") in named:
                    operations += list(_operation(translation, found, match, dialect))
        else:
            ports += _ports(translation, rule, namespace)
    if not operations and any(each.get("kind") == "HTTPRouteGroup" for each in spec["rules"]):
        translation.lost(found, "none of its requests can be said; nothing is allowed in its place")
        return
    if ports:
        operations = [{**each, "ports": ports} for each in operations or [{}]]
    params: dict[str, Any] = {"action": "allow", "from": sources}
    if operations and all(operations):
        params["to"] = operations
    service = translation.service_of(found, str(destination.get("name")), home)
    translation.behaviour(name_of(found), "access", target(service, home), params)


def _operation(
    translation: Translation, found: Object, match: Mapping[str, Any], dialect: Dialect
) -> Iterator[dict[str, Any]]:
    """What a match allows; nothing where no path pattern says it, rather than too much."""
    operation: dict[str, Any] = {}
    if _headers(match):
        translation.lost(found, f"match {match.get('name')} asks for headers: not allowed any more")
        return
    regex = str(match.get("pathRegex") or ".*")
    pattern = pattern_of(regex, dialect)
    if pattern is None:
        elements = path_of(regex, dialect).get("prefix")
        if elements is None:
            why = f"match {match.get('name')} has the path {regex!r}: not allowed any more"
            translation.lost(found, why)
            return
        operation["paths"] = [elements, f"{elements}/*"]
    elif pattern != "*":
        operation["paths"] = [pattern]
    methods = match.get("methods") or []
    if methods and "*" not in methods:
        operation["methods"] = list(methods)
    yield operation


def _ports(translation: Translation, rule: Mapping[str, Any], namespace: str) -> list[int]:
    for route in of_kind(translation.objects, str(rule.get("kind"))):
        if (namespace_of(route), name_of(route)) == (namespace, rule.get("name")):
            return [int(port) for port in dig(route, "spec.matches.ports") or []]
    return []


def _groups(objects: Sequence[Object]) -> dict[tuple[str, str], Sequence[Any]]:
    return {
        (namespace_of(each), name_of(each)): dig(each, "spec.matches") or []
        for each in of_kind(objects, "HTTPRouteGroup")
    }


def _headers(match: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a match, which stand as a mapping or as a list of mappings."""
    given = match.get("headers") or {}
    parts = [given] if isinstance(given, Mapping) else given
    return {str(name): str(regex) for part in parts for name, regex in part.items()}


def _value(regex: str, dialect: Dialect) -> str:
    """A header's expression for a whole value."""
    if dialect.regex == "whole":
        return regex
    head = "" if regex.startswith("^") else ".*"
    tail = "" if _is_anchored(regex) else ".*"
    return f"{head}{_body(regex)}{tail}"


def _weight(weight: Any) -> int:
    """A weight as a number; v1alpha1 wrote quantities, of which `500m` is half of `1`."""
    text = str(weight)
    return int(text.removesuffix("m")) if text.endswith("m") else int(float(text))


def _body(regex: str) -> str:
    """An expression without its anchors."""
    open_start = regex.removeprefix("^")
    return open_start[:-1] if _is_anchored(regex) else open_start


def _is_anchored(regex: str) -> bool:
    """Whether it ends at the end: with a `$` that is no mere sign."""
    before = regex.removesuffix("$")
    return before != regex and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _plain(regex: str) -> str:
    """The text of an expression without operators."""
    return re.sub(r"\\(.)", r"\1", regex)
