"""What is said of a subset, kept where a split or a route leads to it.

Envoy chooses an instance after the route and the cluster, so requests for a subset are told apart
only by the cluster that a rule names. Where no rule names it nothing would hold, though an object
would stand.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Draft, Key, key_of

Object = dict[str, Any]
Led = set[tuple[Key, str | None]]

_OF_ROUTES = ("retry", "timeouts")
_OF_CLUSTERS = "settings"


def keep_where_led(drafts: Sequence[Draft]) -> None:
    """Takes away what is said of subsets that get no requests; unsupported where none is left."""
    requests, copies = _led(drafts, "rules"), _led(drafts, "mirrors")
    for draft in drafts:
        subset = draft.behaviour.target.subset
        idle = [each for each in draft.objects if _is_idle(each, subset, requests, copies)]
        if not idle:
            continue
        draft.objects[:] = [each for each in draft.objects if each not in idle]
        if any(each["kind"] == "CiliumEnvoyConfig" for each in draft.objects):
            draft.nearly(f"subset: ports whose requests are not led to {subset} are left alone")
        else:
            draft.unsupported(
                f"subset: no split and no route leads to {subset}, so its requests are not seen",
                f"a split or a route that leads to {subset} beside it, or the whole service",
            )


def _led(drafts: Sequence[Draft], part: str) -> Led:
    return {
        (key_of(made), made["spec"]["clusters"][cluster]["subset"])
        for draft in drafts
        for made in draft.objects
        if made["kind"] == "CiliumEnvoyConfig"
        for cluster in _clusters(made["spec"], part)
    }


def _clusters(parts: Object, part: str) -> Iterator[str]:
    for name, each in parts.get(part, {}).items():
        yield from [name] if part == "mirrors" else [share for share, _ in each.get("shares", ())]


def _is_idle(made: Object, subset: str | None, requests: Led, copies: Led) -> bool:
    if made["kind"] != "CiliumEnvoyConfig" or subset is None:
        return False
    place = (key_of(made), subset)
    if any(subset in made["spec"].get(part, {}) for part in _OF_ROUTES):
        return place not in requests
    return subset in made["spec"].get(_OF_CLUSTERS, {}) and place not in requests | copies
