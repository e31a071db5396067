"""The kinds of work that are installed: entry points of the group `meshery.work`.

Each entry point names a sequence of WorkKind. A kind is known by its name everywhere.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from meshery.operations.model import WorkKind


@cache
def load_kinds() -> Mapping[str, WorkKind]:
    """All registered kinds by name; ValueError when two claim one name."""
    kinds: dict[str, WorkKind] = {}
    for point in entry_points(group="meshery.work"):
        for kind in point.load():
            if kind.name in kinds:
                raise ValueError(f"two kinds of work are named {kind.name!r}")
            kinds[kind.name] = kind
    return kinds
