"""From the forms in which behaviours meet to App Mesh's own, with what stands already.

Lists are taken over whole by the API server, so a list that is written has what stood in it too.
"""

import copy
from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Object, laid_over
from meshery.behaviours.rendering import World
from meshery.meshes.app_mesh.objects import API_VERSION, DEFAULT_ROUTE
from meshery.meshes.look import dig, name_of, namespace_of
from meshery.meshes.plain import live

_LAST = 1000
_DEFAULTS = (DEFAULT_ROUTE, *(f"{DEFAULT_ROUTE}-{each}" for each in ("http2", "grpc", "tcp")))
_CATCH_ALL: tuple[dict[str, Any], ...] = ({}, {"prefix": "/"})


def finished(made: Object, world: World) -> Object:
    """An object as App Mesh takes it."""
    standing = live(world, API_VERSION, str(made["kind"]), name_of(made), namespace_of(made)) or {}
    before = standing.get("spec") or {}
    spec = copy.deepcopy(made["spec"])
    if "listeners" in spec and made["kind"] in ("VirtualNode", "VirtualRouter"):
        spec["listeners"] = _listeners(spec["listeners"], before.get("listeners") or [])
    if "backends" in spec:
        spec["backends"] = _backends(spec["backends"], before.get("backends") or [])
    if made["kind"] == "VirtualRouter":
        routes, every = spec.pop("routes", {}), spec.pop("every", {})
        spec["routes"] = _routes(routes, every, before.get("routes") or [])
    return {**made, "spec": _plain(spec)}


def _listeners(made: Mapping[str, Any], before: list[Any]) -> list[Any]:
    """The listeners by port, those that stand first."""
    found = {str(each["portMapping"]["port"]): each for each in before}
    for port, each in made.items():
        found[port] = laid_over(found.get(port, {}), each)[0]
    return list(found.values())


def _backends(made: Mapping[str, Any], before: list[Any]) -> list[Any]:
    """The backends that stand, and those that are not there yet."""
    names = {dig(each, "virtualService.virtualServiceRef.name") for each in before}
    return [*before, *(made[name] for name in made if name not in names)]


def _routes(made: Mapping[str, Any], every: Mapping[str, Any], before: list[Any]) -> list[Any]:
    """The routes: specific ones first, and what every route says laid over each."""
    found = {str(each["name"]): dict(each) for each in before}
    named = {key: _standing_default(found, made[key], key) for key in made if _is_default(key)}
    ordered = sorted(made, key=lambda each: (_is_default(each), made[each]["order"]))
    for position, key in enumerate(ordered):
        own = {field: value for field, value in made[key].items() if field != "order"}
        place = named.get(key, key)
        kept = {field: found[place][field] for field in found.get(place, {}) if field not in own}
        more = _kept(found.get(place, {}), own)
        priority = _LAST if _is_default(key) else position
        found[place] = {**kept, **laid_over(more, own)[0], "name": place, "priority": priority}
    for each in found.values():
        for field, policies in every.items():
            if field in each:
                each[field] = laid_over(each[field], policies)[0]
    return [_first("name", each) for each in sorted(found.values(), key=_priority)]


def _kept(before: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The policies of a route that is written anew."""
    policies = ("retryPolicy", "timeout")
    return {
        field: {each: before[field][each] for each in policies if each in before[field]}
        for field in own
        if isinstance(before.get(field), dict)
    }


def _is_default(name: str) -> bool:
    return name in _DEFAULTS


def _standing_default(found: Mapping[str, Any], made: Mapping[str, Any], name: str) -> str:
    """The route that stands and takes whatever a default takes; its own name where none does."""
    for key, route in found.items():
        for field in made:
            body = route.get(field)
            if isinstance(body, dict) and (body.get("match") or {}) in _CATCH_ALL:
                return key
    return name


def _priority(route: Mapping[str, Any]) -> tuple[int, str]:
    return int(route.get("priority", _LAST)), str(route["name"])


def _first(key: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: found[key], **{name: value for name, value in found.items() if name != key}}


def _plain(value: Any) -> Any:
    """Without tuples, which stand for lists that are replaced as a whole."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
