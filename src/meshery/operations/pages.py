"""Pages of long work: operations with their timeline, and the notification centre."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from meshery.core.errors import NotFoundError
from meshery.core.page import PageQuery
from meshery.operations.events import EventFilter
from meshery.operations.model import Event
from meshery.operations.operation_list import OperationList
from meshery.operations.operation_view import OperationView
from meshery.operations.platform import Platform
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock
from meshery.ui.page import Hit, Notice, NoticeSource, Page
from meshery.ui.widgets.column import Column
from meshery.ui.widgets.data_table import DataTable, Load, TablePage, TableQuery
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panels

RECENT = 60


async def operations_page(context: PageContext) -> None:
    """List left, timeline right; without an id the newest operation is shown."""
    platform: Platform = context.state
    page_header("Operations")
    chosen = context.path.get("id", "")
    operations = OperationList(platform, chosen=chosen)
    newest = await operations.load()
    if newest is None and not chosen:
        with empty_state(
            "No operation yet",
            "Everything that takes longer than a moment is an operation: starting a sandbox, "
            "measuring, applying a behaviour. Each can be followed and cancelled here.",
            icon="pending_actions",
            command="mesheryctl sandbox up shop",
        ):
            tag("a", "Start a sandbox", href="/sandbox")
        return
    with panels("narrow-left"):
        operations.draw(context)
        shown = await platform.operations.get(chosen or (newest.id if newest else ""))
        with tag("div", classes="stack"):
            await OperationView(context, platform, shown).draw()


async def notifications_page(context: PageContext) -> None:
    """All stored events, newest first; what arrives meanwhile comes on top."""
    platform: Platform = context.state
    page_header("Notifications")

    async def load(query: TableQuery) -> TablePage:
        page = await platform.events.list(
            PageQuery(query.page, query.page_size, query.order, query.search)
        )
        return TablePage([_row(event) for event in page.items], page.total)

    nothing, place = tag("div"), tag("div", classes="stack")
    with nothing:
        empty_state(
            "Nothing happened yet",
            "What starts, changes, fails or heals is told here, and stays for as long as the "
            "settings say.",
            icon="notifications_none",
            command="mesheryctl event list",
        )
    with place:
        table = _notifications(load)

    async def renew() -> None:
        await table.refresh()
        nothing.set_visibility(table.is_empty)
        place.set_visibility(not table.is_empty)

    await renew()
    context.every(5.0, renew, name="notifications")


def _notifications(load: Load) -> DataTable:
    return DataTable(
        [
            Column("severity", "Severity", "state", sortable=True),
            Column("text", "What happened", "link"),
            Column("subject", "About"),
            Column("category", "Category", sortable=True),
            Column("actor", "By"),
            Column("at", "When", "time", sortable=True),
        ],
        load,
        noun="notification",
        order="-at",
    )


def _row(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "severity": event.severity,
        "text": [event.text, operation_href(event.operation_id)],
        "subject": event.subject.name,
        "category": event.category,
        "actor": event.actor,
        "at": [ago(event.at), clock(event.at)],
    }


def operation_href(operation_id: str) -> str:
    """Where an operation is shown; empty for none."""
    return f"/operations/{operation_id}" if operation_id else ""


def notice(event: Event) -> Notice:
    """An event as the frame shows it."""
    remedy = str((event.error or {}).get("remedy", ""))
    return Notice(
        at=event.at,
        severity=event.severity,
        text=event.text,
        category=event.category,
        href=operation_href(event.operation_id),
        remedy=remedy,
    )


async def _recent(platform: Platform) -> list[Notice]:
    page = await platform.events.list(
        PageQuery(page_size=RECENT, order="-at"),
        only=EventFilter(severities=("info", "warning", "error")),
    )
    return [notice(event) for event in page.items]


@asynccontextmanager
async def _live(platform: Platform) -> AsyncIterator[AsyncIterator[Notice]]:
    only = EventFilter(severities=("info", "warning", "error"))
    async with platform.events.subscribe(only=only, queue_size=200) as events:
        yield (notice(event) async for event in events)


async def _search(platform: Platform, words: str) -> list[Hit]:
    try:
        page = await platform.operations.list(PageQuery(page_size=4, search=words))
    except NotFoundError:
        return []
    return [
        Hit(
            "operation",
            f"{one.kind} {one.subject.name}, {ago(one.created_at)}",
            operation_href(one.id),
        )
        for one in page.items
    ]


PAGES = (
    Page(
        "/operations",
        "Operations",
        "pending_actions",
        1,
        0,
        operations_page,
        search=_search,
        notices=NoticeSource(_recent, _live),
    ),
    Page(
        "/operations/{id}",
        "Operation",
        "pending_actions",
        1,
        1,
        operations_page,
        in_navigation=False,
    ),
    Page(
        "/notifications",
        "Notifications",
        "notifications_none",
        1,
        2,
        notifications_page,
        in_navigation=False,
    ),
)
