"""A small graph of services, left to right, at positions the server gives; updated in place about each second.

Nodes are buttons over drawn edges, so a keyboard reaches them and the sheet colours them. An edge's width tells its rate,
its colour its errors, a lock mutual TLS, and a dashed line says configured but not observed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nicegui import ui

from meshery.ui.format import percent, rate
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.plain_table import plain_table

COLUMN_PX, ROW_PX = 290, 104
NODE_PX, NODE_HEIGHT_PX = 164, 60
MARGIN_PX = 16
NodeState = Literal["ready", "starting", "lost", "outside"]


@dataclass(frozen=True)
class GraphNode:
    """One service: its place in columns and rows (fractions allowed), its state, and a word below its name."""

    id: str
    label: str
    column: float
    row: float
    state: NodeState = "ready"
    detail: str = ""
    kind: str = "service"


@dataclass(frozen=True)
class GraphEdge:
    """Who calls whom: requests per second, share of errors (0 to 1), whether by mutual TLS, whether seen at all."""

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
        self._paths: dict[tuple[str, str], Tag] = {}
        self._labels: dict[tuple[str, str], _EdgeLabel] = {}
        self._details: dict[str, tuple[Tag, Tag]] = {}
        self._nodes: dict[str, GraphNode] = {}
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
            self._renew_edge(edge)
        self._list(edges)

    def _draw(self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> None:
        self._canvas.clear()
        self._paths.clear()
        self._labels.clear()
        self._details.clear()
        width = (
            max((node.column for node in nodes), default=0) * COLUMN_PX + NODE_PX + 2 * MARGIN_PX
        )
        height = (
            max((node.row for node in nodes), default=0) * ROW_PX + NODE_HEIGHT_PX + 2 * MARGIN_PX
        )
        self._canvas.style(f"width:{width:.0f}px;height:{height:.0f}px")
        with self._canvas:
            with tag("svg", width=f"{width:.0f}", height=f"{height:.0f}", aria_hidden="true"):
                for edge in edges:
                    self._paths[edge.source, edge.target] = tag(
                        "path", d=self._curve(edge), fill="none"
                    )
            for edge in edges:
                self._labels[edge.source, edge.target] = _EdgeLabel(edge, *self._middle(edge))
            for node in nodes:
                self._node(node)

    def _node(self, node: GraphNode) -> None:
        button = tag("button", classes=f"graph-node {node.state} {node.kind}", type="button")
        button.style(
            f"left:{MARGIN_PX + node.column * COLUMN_PX:.0f}px;top:{MARGIN_PX + node.row * ROW_PX:.0f}px;"
            f"width:{NODE_PX}px;height:{NODE_HEIGHT_PX}px"
        )
        with button:
            tag("span", node.label, "node-name")
            detail = tag("span", node.detail, "node-detail")
        if self._on_select is not None:
            select, identifier = self._on_select, node.id
            button.on("click", lambda: select(identifier))
        self._details[node.id] = (button, detail)

    def _renew_node(self, node: GraphNode) -> None:
        button, detail = self._details[node.id]
        if detail.text != node.detail:
            detail.text = node.detail
        classes = f"graph-node {node.state} {node.kind}"
        if " ".join(button.classes) != classes:
            button.classes(replace=classes)

    def _renew_edge(self, edge: GraphEdge) -> None:
        path = self._paths[edge.source, edge.target]
        classes = _edge_class(edge)
        if " ".join(path.classes) != classes:
            path.classes(replace=classes)
        width = f"{_width(edge.rate_rps):.1f}"
        if path.props.get("stroke-width") != width:
            path.props["stroke-width"] = width
        self._labels[edge.source, edge.target].renew(edge)

    def _list(self, edges: Sequence[GraphEdge]) -> None:
        rows = [
            [
                self._nodes[e.source].label,
                self._nodes[e.target].label,
                rate(e.rate_rps) if e.observed else "not observed",
                percent(e.error_share) if e.observed else "",
                "mutual TLS" if e.mtls else "plain",
            ]
            for e in edges
        ]
        self._table.clear()
        with self._table:
            headings = ("From", "To", "Requests per second", "Errors", "Transport")
            plain_table(headings, rows, numbers=(2, 3), label="Who calls whom")

    def _ends(self, edge: GraphEdge) -> tuple[float, float, float, float]:
        source, target = self._nodes[edge.source], self._nodes[edge.target]
        middle = MARGIN_PX + NODE_HEIGHT_PX / 2
        return (
            MARGIN_PX + source.column * COLUMN_PX + NODE_PX,
            middle + source.row * ROW_PX,
            MARGIN_PX + target.column * COLUMN_PX,
            middle + target.row * ROW_PX,
        )

    def _curve(self, edge: GraphEdge) -> str:
        x1, y1, x2, y2 = self._ends(edge)
        bend = max((x2 - x1) / 2, 40)
        return f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"

    def _middle(self, edge: GraphEdge) -> tuple[float, float]:
        x1, y1, x2, y2 = self._ends(edge)
        return (x1 + x2) / 2, (y1 + y2) / 2


class _EdgeLabel:
    def __init__(self, edge: GraphEdge, x: float, y: float) -> None:
        with tag("span", classes="edge-label").style(
            f"left:{x:.0f}px;top:{y:.0f}px"
        ) as self._label:
            with tag("span", classes="edge-rate"):
                if edge.mtls:
                    ui.icon("lock").props["aria-label"] = "mutual TLS"
                self._words = tag("span")
            self._more = tag("span", classes="edge-more")

    def renew(self, edge: GraphEdge) -> None:
        words = f"{rate(edge.rate_rps)}/s" if edge.observed else "not observed"
        failing = edge.observed and edge.error_share > 0
        more = f"{percent(edge.error_share)} errors" if failing else edge.detail
        if self._words.text != words:
            self._words.text = words
        if self._more.text != more:
            self._more.text = more


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
    import math

    return 1.5 + math.log2(1 + rate_rps) / 2
