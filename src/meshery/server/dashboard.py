"""The dashboard: what runs, what needs a person, what changed, and the last results."""

from datetime import UTC, datetime, timedelta

import msgspec
from nicegui import ui

from meshery.core.page import PageQuery
from meshery.demo.model import DemoRequest
from meshery.demo.service import DemoService
from meshery.operations.events import EventFilter
from meshery.operations.model import Operation, OperationState
from meshery.operations.operation_list import ACTIVE, TROUBLED, title_of
from meshery.operations.pages import notice
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.performance.result import ResultRow
from meshery.performance.service import PerformanceService
from meshery.sandbox.service import SandboxService
from meshery.sandbox.view import SandboxView
from meshery.server.components import Component, components
from meshery.server.state import ServerState
from meshery.ui.context import PageContext
from meshery.ui.format import ago, microseconds, plural, rate
from meshery.ui.page import Notice
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.event_list import EventList
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.status_chip import TONES, status_chip

PERIOD_S = 3.0
SHOWN = 8
TROUBLE_AGE = timedelta(days=1)


class Overview(msgspec.Struct, frozen=True):
    """All that the dashboard tells, read at once."""

    sandboxes: list[SandboxView]
    active: list[Operation]
    troubled: list[Operation]
    parts: list[Component]
    results: list[ResultRow]
    operations: int

    @property
    def is_new(self) -> bool:
        """Whether nothing has been done here yet."""
        return not (self.sandboxes or self.results or self.operations)

    @property
    def has_more_trouble(self) -> bool:
        """Whether more operations are in trouble than are shown."""
        return len(self.troubled) == SHOWN

    @property
    def needs(self) -> int:
        """How many things need a person."""
        lost = sum(sandbox.state in {"failed", "lost"} for sandbox in self.sandboxes)
        return lost + len(self.troubled) + len(self.parts)


async def dashboard_page(context: PageContext) -> None:
    """Draw what was read; renew it when something happens, and every few seconds."""
    platform: Platform = context.state
    header = page_header("Dashboard")
    overview = await _read(context)
    with header.actions:
        if not overview.is_new:
            link_action("Measure", "/performance/new", icon="speed", weight="primary")
    place = tag("div", classes="stack")
    with panel("What changed") as changes:
        events = EventList("Nothing has happened yet.", limit=12)
    events.show(await _recent(platform))
    changes.set_visibility(not overview.is_new)
    _draw(context, place, overview)

    async def renew() -> None:
        nonlocal overview
        fresh = await _read(context)
        if fresh != overview:
            overview = fresh
            changes.set_visibility(not fresh.is_new)
            _draw(context, place, fresh)

    context.on_notice(events.prepend)
    context.every(PERIOD_S, renew, name="dashboard")


async def _read(context: PageContext) -> Overview:
    platform: Platform = context.state
    state: ServerState = context.app.state.server
    operations = platform.operations
    few = PageQuery(page_size=SHOWN)
    active = await operations.list(few, only=OperationFilter(states=ACTIVE))
    troubled = await operations.list(few, only=OperationFilter(states=TROUBLED))
    newest = datetime.now(UTC) - TROUBLE_AGE
    return Overview(
        sandboxes=list(await SandboxService(platform).list()),
        active=active.items,
        troubled=[one for one in troubled.items if one.created_at > newest],
        parts=[part for part in await components(platform, state.parts) if part.state != "ok"],
        results=(await PerformanceService(platform).list_results(PageQuery(page_size=6))).items,
        operations=(await operations.list(PageQuery(page_size=1))).total,
    )


async def _recent(platform: Platform) -> list[Notice]:
    page = await platform.events.list(
        PageQuery(page_size=12, order="-at"),
        only=EventFilter(severities=("info", "warning", "error")),
    )
    return [notice(event) for event in page.items]


def _draw(context: PageContext, place: Tag, overview: Overview) -> None:
    place.clear()
    with place:
        if overview.is_new:
            _draw_welcome(context)
            return
        _draw_sentence(overview)
        with panels("top"):
            with panel("What runs"):
                _draw_running(context.state, overview)
            with panel("What needs you"):
                _draw_needs(context.state, overview)
        with panel("Last results"):
            _draw_results(overview.results)


def _draw_welcome(context: PageContext) -> None:
    sentence(["Nothing runs here yet. These are the ways to begin; both work without a cluster."])
    with tag("div", classes="cards"):
        with _card("hub", "Start the sandbox", _SANDBOX_WORDS):
            link_action("Choose a sandbox", "/sandbox", icon="play_arrow", weight="primary")
        with _card("speed", "Run the demo", _DEMO_WORDS):
            action("Run the demo", lambda: _run_demo(context), icon="play_arrow")


_SANDBOX_WORDS = (
    "A mesh on this machine: real Envoy sidecars as local processes, mutual TLS between them. "
    "Apply retries, canaries and faults, and watch what they do."
)
_DEMO_WORDS = (
    "In about 90 seconds: start a sandbox, measure what the mesh adds to each request, and prove "
    "a canary and a fault by requests."
)


def _card(icon: str, title: str, words: str) -> Tag:
    with tag("div", classes="card") as card:
        ui.icon(icon).props("aria-hidden=true")
        tag("h2", title)
        tag("p", words)
    return card


async def _run_demo(context: PageContext) -> None:
    operation = await DemoService(context.state).start(DemoRequest(), actor=context.actor)
    ui.navigate.to(f"/operations/{operation.id}")


def _draw_sentence(overview: Overview) -> None:
    up = sum(sandbox.state in {"up", "degraded"} for sandbox in overview.sandboxes)
    sidecars = sum(sandbox.ready for sandbox in overview.sandboxes)
    active = len(overview.active)
    needs = plural(overview.needs, "thing needs", "things need") if overview.needs else ""
    if overview.has_more_trouble:
        needs = f"{overview.needs} or more things need"
    sentence(
        [
            ("strong", plural(up, "sandbox runs", "sandboxes run") if up else "No sandbox runs"),
            f" with {plural(sidecars, 'sidecar')}, " if up else ", ",
            (
                "strong",
                plural(active, "operation is", "operations are") if active else "nothing is",
            ),
            " under way, and ",
            ("strong", needs or "nothing needs"),
            " you.",
        ]
    )


def _draw_running(platform: Platform, overview: Overview) -> None:
    for sandbox in overview.sandboxes:
        with tag("a", classes="entry", href=f"/sandbox/{sandbox.name}"):
            ui.icon("hub").classes("tone")
            with tag("span", classes="entry-words"):
                tag("span", sandbox.name)
                counts = f"{sandbox.ready} of {sandbox.sidecars} sidecars ready"
                tag("span", f"{counts}, mutual TLS {sandbox.mtls}", "secondary")
            status_chip(sandbox.state)
    for one in overview.active:
        _draw_operation(platform, one, one.progress.message or one.state.value)
    if not overview.sandboxes and not overview.active:
        tag("p", "Nothing just now.", "secondary")
        tag("a", "Start a sandbox", href="/sandbox")


def _draw_needs(platform: Platform, overview: Overview) -> None:
    for sandbox in overview.sandboxes:
        if sandbox.state in {"failed", "lost"}:
            with tag("a", classes="entry", href=f"/sandbox/{sandbox.name}"):
                ui.icon("link_off").classes("tone bad")
                with tag("span", classes="entry-words"):
                    tag("span", f"Sandbox {sandbox.name} is {sandbox.state}")
                    tag("span", sandbox.reason, "secondary")
    for part in overview.parts:
        with tag("a", classes="entry", href="/settings"):
            ui.icon("error_outline").classes("tone bad")
            with tag("span", classes="entry-words"):
                tag("span", f"{part.name} is {part.state}")
                tag("span", part.remedy or part.detail, "secondary")
    for one in overview.troubled:
        _draw_operation(platform, one, str((one.error or {}).get("remedy") or one.state.value))
    if overview.has_more_trouble:
        tag("a", "All operations", href="/operations")
    if not overview.needs:
        tag("p", "Nothing. Failed operations of the last day would be here.", "secondary")


def _draw_operation(platform: Platform, one: Operation, words: str) -> None:
    tone, icon = TONES.get(one.state.value, ("quiet", "circle"))
    with tag("a", classes="entry", href=f"/operations/{one.id}"):
        ui.icon(icon).classes(f"tone {tone}").props["aria-label"] = one.state.value
        with tag("span", classes="entry-words"):
            tag("span", title_of(platform, one))
            tag("span", f"{words}, {ago(one.created_at)}", "secondary")
        if one.state in {OperationState.FAILED, OperationState.PARTIAL}:
            status_chip(one.state.value)


def _draw_results(results: list[ResultRow]) -> None:
    if not results:
        tag("p", "No measurement yet.", "secondary")
        tag("a", "Measure what the mesh costs", href="/performance/new")
        return
    plain_table(
        ("Result", "Validity", "Rate", "Added at p50", "p99", "When"),
        [_result_cells(row) for row in results],
        numbers=(2, 3, 4),
        label="Last results",
    )


def _result_cells(row: ResultRow) -> list[str | Cell]:
    tone = {"valid": "ok", "degraded": "warn", "invalid": "bad"}[row.validity.value]
    added = row.delta_p50_us
    return [
        Cell(row.name, f"/performance/results/{row.id}"),
        Cell(row.validity.value, classes=tone),
        f"{rate(row.rate_rps)}/s",
        microseconds(added, signed=True) if added is not None else "",
        microseconds(row.p99_us) if row.p99_us is not None else "",
        Cell(ago(row.created_at), classes="secondary nowrap"),
    ]
