"""Config entries that stand already: what others put into their lists is kept.

Server-side apply takes such a list as one value, so an upstream or a service of a gateway that
somebody else added would be lost. Routes, splits and sources of intentions are not mixed: what is
rendered is meant to be all of them.
"""

from typing import Any

from meshery.adapters.draft import Object, key_of
from meshery.behaviours.rendering import World

_SHARED = {
    "ServiceDefaults": (("upstreamConfig", "overrides"), ("envoyExtensions",)),
    "TerminatingGateway": (("services",),),
}


def add_to_live(made: Object, world: World) -> None:
    """Put what stands in the shared lists of a config entry behind what is rendered."""
    for path in _SHARED.get(made["kind"], ()):
        rendered = _at(made, path)
        for live in world.live:
            if rendered is not None and key_of(live) == key_of(made):
                named = {_name(each) for each in rendered}
                standing = _at(live, path) or ()
                rendered += [each for each in standing if _name(each) not in named]


def _name(each: dict[str, Any]) -> tuple[str, str]:
    return str(each.get("name", "")), str(each.get("namespace", ""))


def _at(made: Object, path: tuple[str, ...]) -> list[dict[str, Any]] | None:
    value: Any = made.get("spec") or {}
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None
