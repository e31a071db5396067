"""The live graph of a sandbox: who calls whom, at what rate, with which errors, how secured."""

from meshery.sandbox.diagram import COLUMN_PX, ROW_PX
from meshery.sandbox.view import Graph, GraphEdge, GraphNode
from meshery.ui.format import plural, rate, size
from meshery.ui.widgets import graph_view
from meshery.ui.widgets.dialog import facts_dialog
from meshery.ui.widgets.graph_view import GraphView, NodeState
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.panel import panel

_STATES: dict[str, NodeState] = {"ready": "ready", "starting": "starting", "down": "lost"}


class GraphPanel:
    """One graph, renewed about each second."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        note = "requests per second over the last moments; the lock is mutual TLS"
        with panel("Who calls whom", note):
            self._view = GraphView(on_select=self._open)
            self._hint = tag("p", "", "secondary")

    def show(self, graph: Graph) -> None:
        """Show the graph as it is now."""
        self._graph = graph
        self._view.show(
            [_node(node) for node in graph.nodes], [_edge(edge) for edge in graph.edges]
        )
        quiet = not any(edge.rate_rps for edge in graph.edges)
        words = "No requests just now. Send one below, or run a measurement." if quiet else ""
        if self._hint.text != words:
            self._hint.text = words

    def _open(self, identifier: str) -> None:
        graph = self._graph
        node = next((n for n in graph.nodes if n.id == identifier), None) if graph else None
        if graph is None or node is None:
            return
        facts = {
            "State": node.state,
            "Role": node.role,
            "Instances": ", ".join(node.instances) or "none",
            "Requests": f"{rate(node.rate_rps)} per second, {node.error_percent:.1f} % errors",
            "CPU": f"{node.cpu_percent:.1f} % of one core",
            "Memory": size(node.memory_mb * 1e6),
        }
        for edge in graph.edges:
            if edge.source == node.id and edge.codes:
                answers = ", ".join(f"{code}: {n:,}" for code, n in sorted(edge.codes.items()))
                facts[f"Answers from {edge.target}"] = answers
        facts_dialog(_label(node), facts)


def _label(node: GraphNode) -> str:
    return f"{node.service} {node.version}".strip()


def _node(node: GraphNode) -> graph_view.GraphNode:
    load = f", {rate(node.rate_rps)}/s" if node.rate_rps else ""
    return graph_view.GraphNode(
        id=node.id,
        label=_label(node),
        column=node.x / COLUMN_PX,
        row=node.y / ROW_PX,
        state=_STATES.get(node.state, "starting"),
        detail=plural(len(node.instances), "instance") + load,
        kind=node.role,
    )


def _edge(edge: GraphEdge) -> graph_view.GraphEdge:
    return graph_view.GraphEdge(
        source=edge.source,
        target=edge.target,
        rate_rps=edge.rate_rps,
        error_share=edge.error_percent / 100,
        mtls=edge.mtls is True,
        observed=edge.observed,
    )
