"""What comes, changes and goes in all clusters, as it happens: filterable, pausable, resumable.

The feed holds the number of the newest change it showed. A pause, a tab that lost its server, and
an address that somebody passed on all go on after that number, so nothing is missed between.
"""

import asyncio

import msgspec

from meshery.discovery.change import ChangeFilter
from meshery.discovery.change_log import PAGE, ChangeLog, LoggedChange
from meshery.discovery.facets import facets, parse_kind
from meshery.discovery.feed import change_feed
from meshery.discovery.service import DiscoveryService
from meshery.discovery.views.places import CHANGES, resource_href
from meshery.discovery.views.resource_filter_bar import Chosen, ResourceFilterBar
from meshery.discovery.views.resource_tabs import draw_head, draw_no_cluster
from meshery.operations.platform import Platform
from meshery.ui.address import address, show_address
from meshery.ui.context import PageContext
from meshery.ui.format import clock, whole
from meshery.ui.widgets.action import action
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.row_table import RowTable
from meshery.ui.widgets.segments import segments

LOOK_S = 0.5
MOST_ROWS = 300
COUNTED = 1000
"""Changes that are new, or wait during a pause, are counted no further at once."""
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
        self._feed = change_feed(platform)
        self._service = DiscoveryService(platform)
        self._names: dict[str, str] = {}
        self._rows: list[LoggedChange] = []
        after = context.query.get("after", "")
        self._seen = int(after) if after.isascii() and after.isdigit() else 0
        """Up to here the reader has seen; 0 where the address does not say."""
        self._last = 0
        self._new = 0
        """So many came since, shown or not."""
        event = context.query.get("event", "").upper()
        self._event = event if event in _EVENTS else ""
        self._paused = False
        self._has_older = False
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
        segments(_EVENTS, self._event, self._choose_event)
        self._table = RowTable(_COLUMNS, label="Changes", empty="No change is like that so far.")
        with tag("div", classes="cluster"):
            self._older = action("Show earlier ones", self._show_older, icon="expand_more")
        await self._read()
        self._context.every(LOOK_S, self._look, name="changes")

    @property
    def _filter(self) -> ChangeFilter:
        chosen = self._bar.chosen
        kind, group = parse_kind(chosen.kind)
        return ChangeFilter(
            cluster_id=chosen.cluster,
            kind=kind,
            group=group,
            namespace=chosen.namespace,
            event=self._event,
            search=chosen.search,
        )

    async def _read(self) -> None:
        """From the newest end anew; while paused, from where the feed stands."""
        async with self._turn:
            if not self._paused:
                self._last = await self._feed.newest()
            self._seen = min(self._seen or self._last, self._last)
            self._new = await self._count(after=self._seen, before=self._last + 1)
            self._rows = await self._log.read(self._filter, before=self._last + 1)
            self._has_older = len(self._rows) == PAGE
            await self._show()

    async def _look(self) -> None:
        """Take up what came after the last number; while paused, only count it."""
        async with self._turn:
            newest = await self._feed.newest()
            if newest == self._last:
                return
            if self._paused:
                await self._tell()
            else:
                await self._take_up(newest)

    async def _take_up(self, newest: int) -> None:
        before, self._last = self._last, newest
        end = newest + 1
        came = await self._log.read(self._filter, after=before, before=end, limit=MOST_ROWS)
        is_all = len(came) < MOST_ROWS
        self._new += len(came) if is_all else await self._count(after=before, before=end)
        rows = [*came, *self._rows] if is_all else came  # no gap between what came and the rest
        most = max(MOST_ROWS, len(self._rows))
        self._has_older = self._has_older or not is_all or len(rows) > most
        self._rows = rows[:most]
        await self._show()

    async def _show(self) -> None:
        self._show_rows()
        await self._tell()
        query = {**msgspec.structs.asdict(self._bar.chosen), "event": self._event.lower()}
        show_address(address(CHANGES, {**query, "after": self._last}))

    def _show_rows(self) -> None:
        self._table.show([self._row(each) for each in self._rows])
        self._older.set_visibility(self._has_older)

    async def _tell(self) -> None:
        """What is new, or what waits."""
        if self._paused:
            waiting = await self._count(after=self._last)
            wait = "change waits" if waiting == 1 else "changes wait"
            self._words.text = f"Paused after change {whole(self._last)}: {_many(waiting)} {wait}."
            return
        newest = f", the newest at {clock(self._rows[0].at)}" if self._rows else ""
        noun = "change" if self._new == 1 else "changes"
        told = f"{_many(self._new)} {noun} since you came here" if self._new else "Nothing new yet"
        self._words.text = f"{told}{newest}."

    async def _count(self, *, after: int, before: int | None = None) -> int:
        return await self._log.count(self._filter, after=after, before=before, most=COUNTED)

    async def _toggle(self) -> None:
        async with self._turn:
            self._paused = not self._paused
            self._button.text = "Resume" if self._paused else "Pause"
            self._button.icon = "play_arrow" if self._paused else "pause"
            if self._paused:
                self._seen, self._new = self._last, 0
                await self._tell()
            else:
                await self._take_up(await self._feed.newest())

    async def _choose(self) -> None:
        await self._read()

    async def _choose_event(self, event: str) -> None:
        self._event = event
        await self._read()

    async def _show_older(self) -> None:
        async with self._turn:
            if not self._has_older:  # another click, or another choice, was first
                return
            older = await self._log.read(self._filter, before=self._rows[-1].seq)
            self._rows = [*self._rows, *older]
            self._has_older = len(older) == PAGE
            self._show_rows()

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


def _many(count: int) -> str:
    return f"{whole(COUNTED)} or more" if count >= COUNTED else whole(count)
