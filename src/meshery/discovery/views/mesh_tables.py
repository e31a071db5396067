"""The long tables of a mesh's page, as rows: the server pages them, however long they are."""

from collections.abc import Callable
from dataclasses import dataclass

from meshery.discovery.meshes import MeshItem
from meshery.discovery.views.places import object_href, resources_href
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery, rows_page
from meshery.ui.widgets.html import tag


@dataclass(frozen=True)
class MeshTable:
    """One table: what it is called, what it means, and its rows. `part` is its anchor."""

    part: str
    title: str
    note: str
    noun: str
    many: str
    columns: tuple[Column, ...]
    rows: Callable[[MeshItem], list[Row]]
    order: str


class TableSection:
    """A table under its heading, there only while it has rows."""

    def __init__(self, table: MeshTable, item: MeshItem) -> None:
        self._of = table
        self._rows = table.rows(item)
        with tag("section", classes="stack tight", id=table.part) as self._section:
            tag("h2", table.title, "view-title")
            tag("p", table.note, "secondary")
            self._table = DataTable(
                table.columns, self._load, noun=table.noun, many=table.many, order=table.order
            )

    async def show(self, item: MeshItem) -> None:
        """Show what is so now."""
        self._rows = self._of.rows(item)
        self._section.set_visibility(bool(self._rows))
        await self._table.refresh()

    async def _load(self, query: TableQuery) -> TablePage:
        return rows_page(self._rows, query)


def _not_injected(item: MeshItem) -> list[Row]:
    planes = item.data_planes
    return [
        {
            "id": f"{each.namespace}/{each.pod}",
            "pod": [each.pod, _pod(item, each.namespace, each.pod), each.workload],
            "namespace": each.namespace,
            "reason": [each.reason.value.replace("-", " "), "", each.message],
            "wanted": ["yes", "", "", "warn"] if each.eligible else ["no", "", "", "quiet"],
        }
        for each in (*planes.not_injected, *planes.unasked)
    ]


def _skewed(item: MeshItem) -> list[Row]:
    return [
        {
            "id": f"{each.namespace}/{each.workload}/{each.pod}",
            "workload": [
                each.pod or each.workload,
                _pod(item, each.namespace, each.pod) if each.pod else "",
                each.workload if each.pod else "",
            ],
            "namespace": each.namespace,
            "version": each.version,
            "expected": each.expected,
            "revision": each.revision or "-",
        }
        for each in item.data_planes.skewed
    ]


def _orphaned(item: MeshItem) -> list[Row]:
    return [
        {
            "id": f"{each.namespace}/{each.pod}",
            "pod": [each.pod, _pod(item, each.namespace, each.pod), ""],
            "namespace": each.namespace,
            "version": each.version,
            "revision": each.revision,
        }
        for each in item.data_planes.orphaned
    ]


def _workloads(item: MeshItem) -> list[Row]:
    return [
        {
            "id": f"{each.namespace}/{each.kind}/{each.name}/{each.role}",
            "name": [each.name, _named(item, each.kind, each.namespace, each.name), each.kind],
            "namespace": each.namespace,
            "role": each.role.replace("-", " "),
            "pods": each.pods,
            "versions": ", ".join(f"{version} ({n})" for version, n in each.versions.items()),
        }
        for each in item.data_planes.by_workload
    ]


def _evidence(item: MeshItem) -> list[Row]:
    return [
        {
            "id": str(place),
            "weight": f"{each.weight:.2f}",
            "type": each.type,
            "object": [each.object, object_href(item.cluster_id, each.object), ""],
            "value": each.value,
        }
        for place, each in enumerate(item.evidence)
    ]


def _pod(item: MeshItem, namespace: str, name: str) -> str:
    return _named(item, "Pod", namespace, name)


def _named(item: MeshItem, kind: str, namespace: str, name: str) -> str:
    return resources_href(cluster=item.cluster_id, kind=kind, namespace=namespace, search=name)


_NAMESPACE = Column("namespace", "Namespace", sortable=True)

OUT_OF_LINE = (
    MeshTable(
        "not-injected",
        "Pods without proxy",
        "Running pods in namespaces that ask for one or have neighbours in the mesh, and why "
        "each has none.",
        "pod",
        "pods",
        (
            Column("pod", "Pod", "pair", sortable=True),
            _NAMESPACE,
            Column("reason", "Why", "pair", sortable=True),
            Column("wanted", "Should have one", "pair", sortable=True),
        ),
        _not_injected,
        "pod",
    ),
    MeshTable(
        "skewed",
        "Proxies of another version",
        "Each is held against the control plane of its own revision.",
        "proxy",
        "proxies",
        (
            Column("workload", "Pod", "pair", sortable=True),
            _NAMESPACE,
            Column("version", "Runs", sortable=True),
            Column("expected", "Its control plane", sortable=True),
            Column("revision", "Revision", sortable=True),
        ),
        _skewed,
        "workload",
    ),
    MeshTable(
        "orphaned",
        "Proxies without a control plane",
        "Their revision has no control plane in this cluster.",
        "proxy",
        "proxies",
        (
            Column("pod", "Pod", "pair", sortable=True),
            _NAMESPACE,
            Column("version", "Runs", sortable=True),
            Column("revision", "Revision", sortable=True),
        ),
        _orphaned,
        "pod",
    ),
)
"""What wants to be looked at."""

WORKLOADS = MeshTable(
    "workloads",
    "Workloads in the mesh",
    "By the role of their proxies.",
    "workload",
    "workloads",
    (
        Column("name", "Workload", "pair", sortable=True),
        _NAMESPACE,
        Column("role", "Role", sortable=True),
        Column("pods", "Pods", "number", sortable=True),
        Column("versions", "Versions"),
    ),
    _workloads,
    "name",
)
EVIDENCE = MeshTable(
    "evidence",
    "Evidence",
    "What was seen, in which object, and how much it weighs (0 to 1). Names of namespaces alone "
    "never make a mesh.",
    "observation",
    "observations",
    (
        Column("weight", "Weight", "number", sortable=True),
        Column("type", "Kind", sortable=True),
        Column("object", "Object", "pair", sortable=True),
        Column("value", "What was seen"),
    ),
    _evidence,
    "-weight",
)
