"""The kinds of work that are installed: entry points of the group `meshery.work`.

Each entry point names a sequence of WorkKind. A kind is known by its name everywhere. A plug-in
that cannot be loaded is logged and left out: it must not take the server along.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from meshery.core.telemetry import get_logger
from meshery.operations.model import WorkKind

_log = get_logger("operations.kinds")


@cache
def load_kinds() -> Mapping[str, WorkKind]:
    """All registered kinds by name; ValueError when two claim one name."""
    kinds: dict[str, WorkKind] = {}
    for kind in load_registered("meshery.work"):
        if kind.name in kinds:
            raise ValueError(f"two kinds of work are named {kind.name!r}")
        kinds[kind.name] = kind
    return kinds


def load_registered(group: str) -> Iterator[Any]:
    """The items of all sequences that an entry-point group names."""
    for point in entry_points(group=group):
        try:
            items = list(point.load())
        except Exception:  # noqa: BLE001 - the edge to plug-ins
            _log.exception("plugin.not_loaded", group=group, plugin=point.name)
            continue
        yield from items
