"""Where the nodes of a call graph stand: callers left of those they call, few lines crossing.

A node's column is the longest way to it from a node nobody calls; within a column nodes are ordered
by the mean height of their callers. Coordinates are in pixels of the drawing, nodes' centres.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

COLUMN_PX = 230.0
ROW_PX = 120.0
MARGIN_PX = 80.0


class Place(msgspec.Struct, frozen=True):
    """The centre of a node."""

    x: float
    y: float


def arrange(nodes: Sequence[str], calls: Iterable[tuple[str, str]]) -> dict[str, Place]:
    """A place for every node; `calls` has no circle."""
    pairs = [(caller, called) for caller, called in calls if caller in nodes and called in nodes]
    columns = _columns(nodes, pairs)
    tallest = max((len(column) for column in columns), default=0)
    places: dict[str, Place] = {}
    for number, column in enumerate(columns):
        ordered = sorted(column, key=lambda node: _mean_height(node, pairs, places))
        top = MARGIN_PX + (tallest - len(column)) * ROW_PX / 2
        for row, node in enumerate(ordered):
            places[node] = Place(MARGIN_PX + number * COLUMN_PX, top + row * ROW_PX)
    return places


def _columns(nodes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    depths = dict.fromkeys(nodes, 0)
    for _ in nodes:  # as many rounds as the longest way can have steps
        for caller, called in pairs:
            depths[called] = max(depths[called], depths[caller] + 1)
    count = max(depths.values(), default=-1) + 1
    return [[node for node in nodes if depths[node] == number] for number in range(count)]


def _mean_height(node: str, pairs: Sequence[tuple[str, str]], places: Mapping[str, Place]) -> float:
    heights = [places[caller].y for caller, called in pairs if called == node and caller in places]
    return sum(heights) / len(heights) if heights else 0.0
