"""A small graph of services, left to right, at positions the server gives, updated in place.

Nodes are buttons over drawn edges, so a keyboard reaches them and the sheet colours them. An edge's
width tells its rate, its colour its errors, a lock mutual TLS, and a dashed line says configured
but not observed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nicegui import ui

from meshery.ui.format import percent, rate
from meshery.ui.widgets.html import Tag, tag

COLUMN_PX, ROW_PX = 290, 104
NODE_PX, NODE_HEIGHT_PX = 164, 60
NodeState = Literal["ready", "starting", "lost", "outside"]


@dataclass(frozen=True)
class GraphNode:
    """One service: its place in columns and rows (fractions allowed), state and small print."""

    id: str
    label: str
    column: float
    row: float
    state: NodeState = "ready"
    detail: str = ""
    kind: str = "service"


@dataclass(frozen=True)
class GraphEdge:
    """Who calls whom: rate, share of errors (0 to 1), whether by mutual TLS, whether seen."""

    source: str
    target: str
    rate_rps: float = 0.0
    error_share: float = 0.0
    mtls: bool = False
    observed: bool = True
    detail: str = ""


class GraphView:
    """The picture, and below it the same as a table for those who do not see it."""

    def __init__(self, *, on_select: Callable[[str], None] | None = None) -> None:
        self._on_select = on_select
        self._shape: tuple[object, ...] = ()
        self._nodes: dict[str, GraphNode] = {}
        self._size = (1.0, 1.0)
        self._edges: dict[tuple[str, str], _DrawnEdge] = {}
        self._drawn_nodes: dict[str, tuple[Tag, Tag]] = {}
        with tag("div", classes="graph-scroll"):
            self._canvas = tag("div", classes="graph")
        with tag("details", classes="graph-list"):
            tag("summary", "The same as a list")
            self._table = tag("div")

    def show(self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> None:
        """Draw anew where the shape changed, else change only rates, colours and words."""
        nodes = _at_origin(nodes)
        self._nodes = {node.id: node for node in nodes}
        edges = [
            edge for edge in edges if edge.source in self._nodes and edge.target in self._nodes
        ]
        shape = (
            tuple((n.id, n.label, n.column, n.row, n.kind) for n in nodes),
            tuple((e.source, e.target, e.mtls) for e in edges),
        )
        if shape != self._shape:
            self._shape = shape
            self._draw(nodes, edges)
        for node in nodes:
            self._renew_node(node)
        for edge in edges:
            self._edges[edge.source, edge.target].renew(edge)

    def _draw(self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> None:
        self._canvas.clear()
        self._table.clear()
        self._edges.clear()
        self._drawn_nodes.clear()
        width = max((node.column for node in nodes), default=0) * COLUMN_PX + NODE_PX
        height = max((node.row for node in nodes), default=0) * ROW_PX + NODE_HEIGHT_PX
        self._size = (width, height)
        self._canvas.style(f"max-width:{width * 1.2:.0f}px;height:{height:.0f}px")
        with self._canvas:
            paths = self._draw_paths(edges)
            labels = [_label(edge, self._middle(edge)) for edge in edges]
            for node in nodes:
                self._draw_node(node)
        with self._table:
            rows = self._draw_list(edges)
        for edge, path, label, row in zip(edges, paths, labels, rows, strict=True):
            self._edges[edge.source, edge.target] = _DrawnEdge(path, *label, *row)

    def _draw_paths(self, edges: Sequence[GraphEdge]) -> list[Tag]:
        """Edges scale with the width of the canvas; their strokes do not."""
        width, height = self._size
        with tag("svg", width="100%", height=f"{height:.0f}", aria_hidden="true") as picture:
            picture.props["viewBox"] = f"0 0 {width:.0f} {height:.0f}"
            picture.props["preserveAspectRatio"] = "none"
            return [
                tag("path", d=self._curve(edge), fill="none", vector_effect="non-scaling-stroke")
                for edge in edges
            ]

    def _draw_node(self, node: GraphNode) -> None:
        width, _ = self._size
        button = tag("button", classes=f"graph-node {node.state} {node.kind}", type="button")
        button.style(
            f"left:{100 * node.column * COLUMN_PX / width:.3f}%;top:{node.row * ROW_PX:.0f}px;"
            f"width:{100 * NODE_PX / width:.3f}%;height:{NODE_HEIGHT_PX}px"
        )
        with button:
            tag("span", node.label, "node-name", title=node.label)
            detail = tag("span", node.detail, "node-detail")
        if self._on_select is not None:
            select, identifier = self._on_select, node.id
            button.on("click", lambda: select(identifier))
        self._drawn_nodes[node.id] = (button, detail)

    def _renew_node(self, node: GraphNode) -> None:
        button, detail = self._drawn_nodes[node.id]
        _say(detail, node.detail)
        _look(button, f"graph-node {node.state} {node.kind}")

    def _draw_list(self, edges: Sequence[GraphEdge]) -> list[tuple[Tag, Tag]]:
        cells: list[tuple[Tag, Tag]] = []
        with tag("table", classes="plain", aria_label="Who calls whom"):
            with tag("thead"), tag("tr"):
                for heading in ("From", "To", "Transport", "Requests per second", "Errors"):
                    tag("th", heading, scope="col")
            with tag("tbody"):
                for edge in edges:
                    with tag("tr"):
                        tag("td", self._nodes[edge.source].label)
                        tag("td", self._nodes[edge.target].label)
                        tag("td", "mutual TLS" if edge.mtls else "plain")
                        cells.append((tag("td"), tag("td")))
        return cells

    def _ends(self, edge: GraphEdge) -> tuple[float, float, float, float]:
        source, target = self._nodes[edge.source], self._nodes[edge.target]
        middle = NODE_HEIGHT_PX / 2
        return (
            source.column * COLUMN_PX + NODE_PX,
            middle + source.row * ROW_PX,
            target.column * COLUMN_PX,
            middle + target.row * ROW_PX,
        )

    def _curve(self, edge: GraphEdge) -> str:
        x1, y1, x2, y2 = self._ends(edge)
        bend = max((x2 - x1) / 2, 40)
        left, right = x1 + bend, x2 - bend
        return f"M{x1:.0f} {y1:.0f}C{left:.0f} {y1:.0f} {right:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"

    def _middle(self, edge: GraphEdge) -> tuple[float, float]:
        """Where the words stand: percent from the left, pixels from the top."""
        x1, y1, x2, y2 = self._ends(edge)
        return 50 * (x1 + x2) / self._size[0], (y1 + y2) / 2


def _label(edge: GraphEdge, at: tuple[float, float]) -> tuple[Tag, Tag]:
    with tag("span", classes="edge-label").style(f"left:{at[0]:.2f}%;top:{at[1]:.0f}px"):
        with tag("span", classes="edge-rate"):
            if edge.mtls:
                ui.icon("lock").props["aria-label"] = "mutual TLS"
            words = tag("span")
        return words, tag("span", classes="edge-more")


@dataclass(frozen=True)
class _DrawnEdge:
    """The elements of one edge that change while it is looked at."""

    path: Tag
    words: Tag
    more: Tag
    rate_cell: Tag
    errors_cell: Tag

    def renew(self, edge: GraphEdge) -> None:
        _look(self.path, _edge_class(edge))
        width = f"{_width(edge.rate_rps):.1f}"
        if self.path.props.get("stroke-width") != width:
            self.path.props["stroke-width"] = width
        number = rate(edge.rate_rps) if edge.observed else "not observed"
        errors = percent(edge.error_share) if edge.observed else ""
        failing = edge.observed and edge.error_share > 0
        _say(self.words, f"{number}/s" if edge.observed else number)
        _say(self.more, f"{errors} errors" if failing else edge.detail)
        _say(self.rate_cell, number)
        _say(self.errors_cell, errors)


def _say(element: Tag, words: str) -> None:
    if element.text != words:
        element.text = words


def _look(element: Tag, classes: str) -> None:
    if " ".join(element.classes) != classes:
        element.classes(replace=classes)


def _at_origin(nodes: Sequence[GraphNode]) -> list[GraphNode]:
    left = min((node.column for node in nodes), default=0.0)
    top = min((node.row for node in nodes), default=0.0)
    return [replace(node, column=node.column - left, row=node.row - top) for node in nodes]


def _edge_class(edge: GraphEdge) -> str:
    if not edge.observed:
        return "edge unseen-edge"
    return (
        "edge bad" if edge.error_share >= 0.05 else "edge warn" if edge.error_share > 0 else "edge"
    )


def _width(rate_rps: float) -> float:
    """1 px at nothing, one more for each factor of four: 1,000 rps is 6 px."""
    return 1.5 + math.log2(1 + rate_rps) / 2
