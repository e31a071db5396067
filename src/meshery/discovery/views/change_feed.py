"""What comes, changes and goes in all clusters, as it happens: filterable, pausable, resumable.

The feed holds the number of the newest change it showed. A pause, a tab that lost its server, and
an address that somebody passed on all go on after that number, so nothing is missed between.
"""

import asyncio

import msgspec

from meshery.discovery.change_log import PAGE, ChangeLog, LogFilter, LoggedChange
from meshery.discovery.facets import facets, parse_kind
from meshery.discovery.service import DiscoveryService
from meshery.discovery.views.places import CHANGES, resource_href
from meshery.discovery.views.resource_filter_bar import Chosen, ResourceFilterBar
from meshery.discovery.views.resource_tabs import draw_head, draw_no_cluster
from meshery.operations.platform import Platform
from meshery.ui.address import address, show_address
from meshery.ui.context import PageContext
from meshery.ui.format import clock, plural, whole
from meshery.ui.widgets.action import action
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.row_table import RowTable
from meshery.ui.widgets.segments import segments

LOOK_S = 0.5
MOST_ROWS = 300
COUNTED = 1000
"""Changes that wait during a pause are counted no further."""
_EVENTS = {"": "All", "ADDED": "Added", "MODIFIED": "Modified", "DELETED": "Deleted"}
_COLUMNS = (
    Column("at", "When", "time"),
    Column("event", "What", "state"),
    Column("name", "Object", "pair"),
    Column("namespace", "Namespace"),
    Column("fields", "Changed fields"),
    Column("cluster", "Cluster"),
)


class ChangeFeed:
    """The page."""

    def __init__(self, context: PageContext) -> None:
        platform: Platform = context.state
        self._context = context
        self._database = platform.database
        self._log = ChangeLog(platform.database)
        self._service = DiscoveryService(platform)
        self._names: dict[str, str] = {}
        self._rows: list[LoggedChange] = []
        after = context.query.get("after", "")
        self._seen = int(after) if after.isascii() and after.isdigit() else 0
        """Up to here the reader has seen; 0 where the address does not say."""
        self._last = 0
        self._event = context.query.get("event", "").upper()
        self._paused = False
        self._turn = asyncio.Lock()
        """Of the clock and of a click only one reads on at a time, or changes would come twice."""

    async def draw(self) -> None:
        """All of it."""
        header = draw_head(CHANGES)
        self._names = await self._service.cluster_names()
        if not self._names:
            draw_no_cluster()
            return
        with header.actions:
            self._button = action("Pause", self._toggle, icon="pause", weight="primary")
        self._words: Tag = tag("p", classes="sentence", aria_live="polite")
        self._bar = ResourceFilterBar(
            Chosen.of(self._context.query), self._choose, with_labels=False
        )
        self._bar.offer(await facets(self._database), self._names)
        chosen = self._event if self._event in _EVENTS else ""
        segments(_EVENTS, chosen, self._choose_event)
        self._table = RowTable(_COLUMNS, label="Changes", empty="No change is like that so far.")
        with tag("div", classes="cluster"):
            self._older = action("Show earlier ones", self._show_older, icon="expand_more")
        await self._read()
        self._context.every(LOOK_S, self._look, name="changes")

    @property
    def _filter(self) -> LogFilter:
        chosen = self._bar.chosen
        return LogFilter(
            cluster_id=chosen.cluster,
            kind=parse_kind(chosen.kind)[0],
            namespace=chosen.namespace,
            event=self._event,
            search=chosen.search,
        )

    async def _read(self) -> None:
        """From the newest end anew."""
        async with self._turn:
            self._last = await self._log.last()
            self._seen = min(self._seen or self._last, self._last)
            self._rows = await self._log.read(self._filter)
            await self._show()

    async def _look(self) -> None:
        """Take up what came after the last number; while paused, only count it."""
        async with self._turn:
            await self._take_up()

    async def _take_up(self) -> None:
        last = await self._log.last()
        if last == self._last:
            return
        if self._paused:
            waiting = await self._log.count(self._filter, after=self._last, most=COUNTED)
            self._tell_waiting(waiting)
            return
        came = await self._log.read(self._filter, after=self._last, limit=MOST_ROWS)
        self._last = max(last, *(each.seq for each in came), 0)
        self._rows = [*came, *self._rows][: max(MOST_ROWS, len(self._rows))]
        await self._show()

    async def _show(self) -> None:
        self._table.show([self._row(each) for each in self._rows])
        self._older.set_visibility(len(self._rows) >= PAGE)
        new = sum(each.seq > self._seen for each in self._rows)
        newest = f", the newest at {clock(self._rows[0].at)}" if self._rows else ""
        told = f"{plural(new, 'change')} since you came here" if new else "Nothing new yet"
        if new >= MOST_ROWS:
            told = f"More than {whole(MOST_ROWS)} changes since you came here"
        self._words.text = f"{told}{newest}."
        self._show_address()

    def _show_address(self) -> None:
        query = {**msgspec.structs.asdict(self._bar.chosen), "event": self._event.lower()}
        show_address(address(CHANGES, {**query, "after": self._last}))

    async def _toggle(self) -> None:
        self._paused = not self._paused
        self._button.text = "Resume" if self._paused else "Pause"
        self._button.icon = "play_arrow" if self._paused else "pause"
        if self._paused:
            self._seen = self._last
            self._tell_waiting(0)
        else:
            await self._look()
            await self._show()

    def _tell_waiting(self, waiting: int) -> None:
        many = f"{whole(COUNTED)} or more" if waiting >= COUNTED else whole(waiting)
        noun = "change waits" if waiting == 1 else "changes wait"
        self._words.text = f"Paused after change {whole(self._last)}: {many} {noun}."

    async def _choose(self) -> None:
        await self._read()

    async def _choose_event(self, event: str) -> None:
        self._event = event
        await self._read()

    async def _show_older(self) -> None:
        async with self._turn:
            older = await self._log.read(self._filter, before=self._rows[-1].seq)
            self._rows = [*self._rows, *older]
        self._table.show([self._row(each) for each in self._rows])
        self._older.set_visibility(len(older) == PAGE)

    def _row(self, each: LoggedChange) -> Row:
        fields = ", ".join(each.fields)
        more = f" and {each.more_fields} more" if each.more_fields else ""
        return {
            "id": each.seq,
            "at": [f"{each.at:%H:%M:%S}", f"{clock(each.at)}, change {each.seq}"],
            "event": each.event.lower(),
            "name": [each.name, resource_href(each.object_id), each.kind],
            "namespace": each.namespace or "-",
            "fields": fields + more,
            "cluster": self._names.get(each.cluster_id, each.cluster_id),
        }
