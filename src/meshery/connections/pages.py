"""Pages of connections: the clusters with how they are, and one of them."""

from meshery.connections.connect_form import ConnectForm
from meshery.connections.connection_view import ConnectionView
from meshery.connections.model import Connection, ConnectionState
from meshery.connections.service import ConnectionService
from meshery.core.page import PageQuery
from meshery.operations.platform import Platform
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock
from meshery.ui.page import Chip, Hit, Liveness, Page
from meshery.ui.widgets.action import action
from meshery.ui.widgets.column import Column
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel

REFRESH_S = 5.0
MOST_CHIPS = 3
"""Clusters named in the top bar; those that are not well come first."""
CHIP_CHARACTERS = 24
_LIVENESS: dict[ConnectionState, Liveness] = {
    ConnectionState.REACHABLE: "connected",
    ConnectionState.UNKNOWN: "lagging",
}


async def list_page(context: PageContext) -> None:
    """All connections, and how to connect more."""
    service = ConnectionService(context.state)
    header = page_header("Connections")

    async def load(query: TableQuery) -> TablePage:
        page = await service.list(PageQuery(query.page, query.page_size, query.order, query.search))
        return TablePage([_row(each) for each in page.items], page.total)

    nothing, place = tag("div"), tag("div", classes="stack")
    with nothing:
        empty_state(
            "No cluster is connected",
            "Connect one to see what runs in it, and which meshes. Paste a kubeconfig below, or "
            "let the command read yours.",
            icon="dns",
            command="mesheryctl kubernetes connect",
        )
    with place:
        table = DataTable(
            [
                Column("name", "Context", "link", sortable=True),
                Column("state", "State", "state", sortable=True),
                Column("version", "Kubernetes", sortable=True),
                Column("server", "Server", "code", sortable=True),
                Column("checked_at", "Asked", "time", sortable=True),
            ],
            load,
            noun="cluster",
            order="name",
        )

    async def renew() -> None:
        await table.refresh()
        nothing.set_visibility(table.is_empty)
        place.set_visibility(not table.is_empty)

    await renew()
    form = ConnectForm(service, actor=context.actor, connected=renew)
    with panel("Connect a cluster", "Each context of a kubeconfig becomes a connection."):
        form.draw()
    with header.actions:
        connect = action("Connect a cluster", icon="add", weight="primary")
        connect.on_click(form.focus)
    context.every(REFRESH_S, renew, name="connections")


async def connection_page(context: PageContext) -> None:
    """One connection."""
    service = ConnectionService(context.state)
    ConnectionView(context, service, await service.get(context.path["id"])).draw()


def _row(each: Connection) -> dict[str, object]:
    return {
        "id": each.id,
        "name": [each.name, href_of(each)],
        "state": each.state.value,
        "version": each.version or "-",
        "server": each.server,
        "checked_at": [ago(each.checked_at), clock(each.checked_at)] if each.checked_at else None,
    }


def href_of(each: Connection) -> str:
    """Where a connection is shown."""
    return f"/connections/{each.id}"


async def _chips(platform: Platform) -> list[Chip]:
    found = sorted(
        await ConnectionService(platform).all(),
        key=lambda each: each.state is ConnectionState.REACHABLE,
    )
    chips = [
        Chip(
            f"cluster: {_short(each.name)}",
            href_of(each),
            _LIVENESS.get(each.state, "lost"),
            each.reason or each.state.value,
            "" if each.state is ConnectionState.REACHABLE else each.state.value,
        )
        for each in found[:MOST_CHIPS]
    ]
    if len(found) > MOST_CHIPS:
        chips.append(Chip(f"{len(found) - MOST_CHIPS} more clusters", "/connections"))
    return chips


def _short(name: str) -> str:
    """The part of a context's name that people know: clouds put account and region before it."""
    last = name.rstrip("/").rpartition("/")[2] or name
    return last if len(last) <= CHIP_CHARACTERS else f"{last[: CHIP_CHARACTERS - 1]}…"


async def _search(platform: Platform, words: str) -> list[Hit]:
    query = PageQuery(page_size=4, order="name", search=words)
    page = await ConnectionService(platform).list(query)
    return [Hit("cluster", each.name, href_of(each)) for each in page.items]


PAGES = (
    Page("/connections", "Connections", "dns", 0, 2, list_page, chips=_chips, search=_search),
    Page(
        "/connections/{id}",
        "Connection",
        "dns",
        0,
        2,
        connection_page,
        in_navigation=False,
        shows="connection",
    ),
)
