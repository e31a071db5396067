"""`Choice`: which of a cluster's kinds are watched: all that matter, or what a watch-list says.

A watch-list is MeshSync's own: an embedded ConfigMap whose `whitelist` (kinds with the changes to
be told of each) or `blacklist` (kinds) is JSON text. Kinds are named `PLURAL.VERSION.GROUP`,
`pods.v1.` in the core group.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.discovery.model import ChangeKind
from meshery.discovery.watch.tiers import EVENTS, Watched, wanted
from meshery.kube.kinds import Kinds
from meshery.kube.resource import Resource

MOST = 1000
"""Kinds in one watch-list."""
_TIER = 3

_log = get_logger("discovery.choice")


class Choice(msgspec.Struct, frozen=True):
    """`only` these kinds, each with its changes, or all that matter `without` some.

    `only` of None is no limit; a kind without changes has all of them. Words may also be what
    kubectl understands: `pod`, `deploy`.
    """

    only: Mapping[str, frozenset[ChangeKind]] | None = None
    without: frozenset[str] = frozenset()

    def rows(self, kinds: Kinds) -> dict[str, Watched]:
        """What to watch of that which is served, by group and plural, in order of tiers."""
        usual = wanted(kinds)
        if self.only is None:
            left_out = {str(found) for _, found in _named(self.without, kinds)}
            return {name: row for name, row in usual.items() if name not in left_out}
        chosen: dict[str, Watched] = {}
        for word, found in _named(self.only, kinds):
            name, events = str(found), self.only[word] or EVENTS
            if name in chosen:  # by another word
                events |= chosen[name].events
            row = usual.get(name) or Watched(found, _TIER)
            chosen[name] = msgspec.structs.replace(row, events=events)
        return {name: chosen[name] for name in usual if name in chosen} | chosen


EVERYTHING = Choice()


def read_watch_list(found: Any) -> Choice:
    """The choice of a MeshSync's `spec.watch-list`; everything where there is none.

    InvalidInputError unless exactly one of `whitelist` and `blacklist` holds something.
    """
    data = found.get("data") if isinstance(found, Mapping) else None
    lists = data if isinstance(data, Mapping) else {}
    white, black = lists.get("whitelist") or "", lists.get("blacklist") or ""
    if not white and not black:
        return EVERYTHING
    if white and black:
        raise _unusable("both whitelist and blacklist are given")
    try:
        if white:
            rows = msgspec.json.decode(white, type=list[_Row])
            return Choice(only={row.resource: frozenset(row.events) for row in rows[:MOST]})
        return Choice(without=frozenset(msgspec.json.decode(black, type=list[str])[:MOST]))
    except (msgspec.MsgspecError, TypeError) as error:
        raise _unusable(str(error)) from error


class _Row(msgspec.Struct, frozen=True, rename="pascal"):
    resource: str
    events: tuple[ChangeKind, ...] = ()


def _named(words: Iterable[str], kinds: Kinds) -> Iterator[tuple[str, Resource]]:
    """Words with the kinds that are served and called so."""
    for word in words:
        try:
            found = kinds.named(word.rstrip("."))
        except NotFoundError:
            _log.info("discovery.not_served", kind=word)
            continue
        if found.watchable:
            yield word, found


def _unusable(cause: str) -> InvalidInputError:
    return InvalidInputError(
        "the watch-list cannot be used",
        cause=cause,
        remedy='give whitelist as [{"Resource":"pods.v1.","Events":["ADDED"]}], or blacklist as'
        ' ["pods.v1."]; what was chosen before stays until then',
        code="meshery.discovery.watch_list",
    )
