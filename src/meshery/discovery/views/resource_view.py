"""One object: its YAML, what it hangs together with, and its history; renewed as it changes."""

from meshery.core.errors import NotFoundError
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import Change, ResourceView
from meshery.discovery.views.follow import follow
from meshery.discovery.views.places import RESOURCES, resources_href
from meshery.discovery.views.resource_parts import (
    RELATIONS,
    draw_facts,
    draw_history,
    draw_summary,
    draw_yaml,
    relation_rows,
)
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery, rows_page
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import PageHeader, page_header
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.status_chip import status_chip


async def draw_resource(context: PageContext, identity: str) -> None:
    """The page of an object, or of one that is gone and whose history is kept."""
    service = DiscoveryService(context.state)
    try:
        view = await service.resource(identity)
    except NotFoundError:
        history = await service.history(identity)
        if not history:
            raise
        _draw_gone(history)
        return
    await ResourcePage(context, service, view).draw()


class ResourcePage:
    """The page of an object that is there."""

    def __init__(self, context: PageContext, service: DiscoveryService, view: ResourceView) -> None:
        self._context = context
        self._service = service
        self._view = view
        self._rows = relation_rows(view.relations)
        self._told: list[Change] | None = None

    async def draw(self) -> None:
        """All of it."""
        view = self._view
        header = _header(view.kind, view.namespace, view.name, view.cluster_id)
        self._state = header.state
        self._words: Tag = tag("div")
        with panels("narrow-right"):
            with panel("What it is"):
                self._facts: Tag = tag("div")
            with panel("History", "What its author wrote, the newest first.") as section:
                section.props["id"] = "history"
                self._history: Tag = tag("div", classes="stack tight")
        with tag("section", classes="stack tight", id="relations") as self._relations:
            tag("h2", "Relations", "view-title")
            self._table = DataTable(RELATIONS, self._load, noun="relation", order="relation")
        with panel("YAML", "As the cluster holds it; values of Secrets and ConfigMaps left out."):
            self._yaml: Tag = tag("div", classes="stack tight")
        await self._show(view)
        follow(self._context, self._renew)

    async def _load(self, query: TableQuery) -> TablePage:
        return rows_page(self._rows, query)

    async def _renew(self) -> None:
        try:
            found = await self._service.resource(self._view.id)
        except NotFoundError:
            await self._say_gone()
            return
        if found != self._view:
            await self._show(found)

    async def _show(self, view: ResourceView) -> None:
        self._view = view
        self._rows = relation_rows(view.relations)
        parts = (
            (self._words, draw_summary),
            (self._facts, draw_facts),
            (self._yaml, draw_yaml),
        )
        for place, draw in parts:
            place.clear()
            with place:
                draw(view)
        self._show_history(view.history)
        self._relations.set_visibility(bool(self._rows))
        await self._table.refresh()

    def _show_history(self, history: list[Change]) -> None:
        """Draw it where it changed: what the reader has unfolded stays so otherwise."""
        if history == self._told:
            return
        self._told = history
        self._history.clear()
        with self._history:
            draw_history(history)

    async def _say_gone(self) -> None:
        self._state.clear()
        with self._state:
            status_chip("deleted")
            tag("span", "It is gone; below is what was seen last.", "secondary")
        self._show_history(await self._service.history(self._view.id))


def _header(kind: str, namespace: str, name: str, cluster_id: str) -> PageHeader:
    trail = [("Resources", RESOURCES), (kind, resources_href(cluster=cluster_id, kind=kind))]
    if namespace:
        trail.append((namespace, resources_href(cluster=cluster_id, namespace=namespace)))
    return page_header(name, trail=trail)


def _draw_gone(history: list[Change]) -> None:
    last = history[0]
    header = _header(last.kind, last.namespace, last.name, last.cluster_id)
    with header.state:
        status_chip("deleted")
    tag("p", f"It is gone since {ago(last.at)} ({clock(last.at)}).", "sentence")
    with (
        panel("History", "What its author wrote, the newest first."),
        tag("div", classes="stack tight"),
    ):
        draw_history(history)
