"""The watch-list of a MeshSync, checked before anybody acts by it.

It is an embedded ConfigMap: `data.whitelist` is JSON text of `[{"Resource", "Events"}]`,
`data.blacklist` of names; exactly one of them holds something.
"""

from typing import Literal

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.operator.model import WatchList

_LISTS = ("whitelist", "blacklist")


class Listed(msgspec.Struct, frozen=True, rename="pascal"):
    """A kind (`pods.v1.`) and the changes of it that are wanted."""

    resource: str
    events: tuple[Literal["ADDED", "MODIFIED", "DELETED"], ...] = ()


def check(watch_list: WatchList) -> None:
    """InvalidInputError for a list that nobody can act by; one without data is no list."""
    given = {name: watch_list.data.get(name, "").strip() for name in _LISTS}
    filled = [name for name, text in given.items() if text]
    if not filled:
        if watch_list.data:
            raise _wrong("it holds neither a whitelist nor a blacklist")
        return
    if len(filled) > 1:
        raise _wrong("it holds a whitelist and a blacklist")
    kind = tuple[Listed, ...] if filled[0] == "whitelist" else tuple[str, ...]
    try:
        msgspec.json.decode(given[filled[0]], type=kind)
    except msgspec.MsgspecError as error:
        raise _wrong(f"its {filled[0]} is not as it should be: {error}") from error


def _wrong(cause: str) -> InvalidInputError:
    return InvalidInputError(
        "the watch-list cannot be used",
        cause=cause,
        remedy='write whitelist: \'[{"Resource":"pods.v1.","Events":["ADDED","MODIFIED",'
        '"DELETED"]}]\' or blacklist: \'["secrets.v1."]\'',
        code="meshery.operator.watch_list",
    )
