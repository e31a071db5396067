"""Pages of performance: results, profiles, a new run, a run live, one result, and two compared."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from nicegui import ui

from meshery.core.errors import ConflictError, UnavailableError
from meshery.core.page import PageQuery
from meshery.operations.model import Operation
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.performance.compare_view import draw_comparison
from meshery.performance.model import FunctionsRequest, OverheadRequest, Profile, RunRequest
from meshery.performance.profile_list import ProfileList
from meshery.performance.result import Result
from meshery.performance.result_list import ResultList
from meshery.performance.result_view import draw_result
from meshery.performance.run_form import Hop, Request, RunForm
from meshery.performance.run_view import RunView
from meshery.performance.service import (
    KIND_FUNCTIONS,
    KIND_RUN,
    PerformanceService,
)
from meshery.sandbox.service import SandboxService
from meshery.ui.context import PageContext, guarded
from meshery.ui.format import ago
from meshery.ui.page import Hit, Page
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.fields import choice_field
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.page_header import PageHeader, page_header
from meshery.ui.widgets.panel import panel
from meshery.ui.widgets.validity_badge import validity_badge

_HOME = ("Performance", "/performance")
_FORMS = {
    "json": "JSON",
    "csv": "CSV, by second",
    "csv-percentiles": "CSV, percentiles",
    "hdr": "HDR log",
}


async def results_page(context: PageContext) -> None:
    """Runs under way, and the stored results."""
    platform: Platform = context.state
    header = _head("results")
    with header.actions:
        compare = action("Compare", icon="compare_arrows")
        new = link_action("New run", "/performance/new", icon="play_arrow", weight="primary")
    under_way, nothing = tag("div", classes="stack"), tag("div")
    results = ResultList(PerformanceService(platform), compare)
    place = tag("div", classes="stack")
    with place:
        await results.draw()
    with (
        nothing,
        empty_state(
            "No result yet",
            "A measurement sends requests off the mesh and through it, in turn, and shows the "
            "difference with its interval and whether it may be believed.",
            icon="speed",
            command="mesheryctl demo",
        ),
    ):
        link_action("Measure", "/performance/new", icon="play_arrow", weight="primary")
    shown: list[str] = []

    async def renew() -> None:
        active = await _active(platform)
        if [one.id for one in active] != shown or results.is_broken:
            shown[:] = [one.id for one in active]
            _draw_under_way(under_way, active)
            await results.refresh()
        arrange()

    def arrange() -> None:
        nothing.set_visibility(results.is_empty)
        for each in (place, compare, new):
            each.set_visibility(not results.is_empty)

    arrange()
    with suppress(UnavailableError):  # the list tells it already
        await renew()
    context.every(3.0, renew, name="runs under way")


async def profiles_page(context: PageContext) -> None:
    """Stored profiles: run one, see its results, delete it."""
    _head("profiles")
    await ProfileList(context, PerformanceService(context.state)).draw()


async def new_run_page(context: PageContext) -> None:
    """The form of a new run."""
    platform: Platform = context.state
    service = PerformanceService(platform)
    page_header("New run", trail=(_HOME,))

    async def start(request: Request) -> None:
        operation = await _start(service, request, actor=context.actor)
        ui.navigate.to(f"/performance/runs/{operation.id}")

    with panel(classes="roomy"):
        form = RunForm(await _hops(platform), start, kind=context.query.get("kind", "overhead"))
        form.draw()


async def run_page(context: PageContext) -> None:
    """A run as it goes."""
    platform: Platform = context.state
    operation = await platform.operations.get(context.path["id"])
    title = f"Run: {operation.subject.name}" if operation.subject.name else "Run"
    header = page_header(title, trail=(_HOME, ("Runs", "/performance")))
    with header.actions:
        link_action("Operation", f"/operations/{operation.id}", icon="pending_actions")
    RunView(context, platform, operation).draw(header.actions)


async def result_page(context: PageContext) -> None:
    """One result, as far down as one wants to read."""
    service = PerformanceService(context.state)
    result = await service.get_result(context.path["id"])
    header = page_header(result.name, trail=(_HOME, ("Results", "/performance")))
    with header.state:
        validity_badge(result.validity.value)
    with header.actions:
        _draw_actions(context, service, result)
    draw_result(result)


async def compare_page(context: PageContext) -> None:
    """Two results compared; what was not the same is told first, and must be accepted."""
    service = PerformanceService(context.state)
    base_id, other_id = context.query.get("base", ""), context.query.get("other", "")
    page_header("Compare", trail=(_HOME, ("Results", "/performance")))
    await _draw_choice(service, base_id, other_id)
    if not base_id or not other_id:
        return
    base, other = await service.get_result(base_id), await service.get_result(other_id)
    try:
        comparison = await service.compare(
            base_id, other_id, force=context.query.get("force") == "1"
        )
    except ConflictError as error:
        error_panel(error)
        href = f"/performance/compare?base={base_id}&other={other_id}&force=1"
        with tag("div", classes="cluster"):
            link_action("Compare anyway", href, icon="compare_arrows")
        return
    draw_comparison(comparison, base, other)


def _head(here: str) -> PageHeader:
    header = page_header("Performance")
    with tag("nav", classes="tabs", aria_label="Performance"):
        for name, href in (("results", "/performance"), ("profiles", "/performance/profiles")):
            tag("a", name.capitalize(), "tab here" if name == here else "tab", href=href)
    return header


async def _active(platform: Platform) -> list[Operation]:
    found = []
    for kind in (KIND_RUN, KIND_FUNCTIONS):
        page = await platform.operations.list(
            PageQuery(page_size=10), only=OperationFilter(kind=kind)
        )
        found += [one for one in page.items if not one.is_final]
    return found


def _draw_under_way(place: ui.element, active: list[Operation]) -> None:
    place.clear()
    if not active:
        return
    with place, panel("Under way"):
        for one in active:
            with tag("a", classes="entry", href=f"/performance/runs/{one.id}"):
                ui.icon("play_arrow").classes("tone info")
                with tag("span", classes="entry-words"):
                    tag("span", one.subject.name or one.kind)
                    words = one.progress.message or one.state.value
                    tag("span", f"{words}, {ago(one.created_at)}", "secondary")


async def _hops(platform: Platform) -> dict[str, list[Hop]]:
    """For each sandbox that is up: who may call whom."""
    sandboxes = SandboxService(platform)
    hops: dict[str, list[Hop]] = {}
    for sandbox in await sandboxes.list():
        if sandbox.state not in {"up", "degraded"}:
            continue
        world = await sandboxes.world(sandbox.name)
        hops[sandbox.name] = [Hop(s.name, s.calls) for s in world.services if s.calls]
    return hops


async def _start(service: PerformanceService, request: Request, *, actor: str) -> Operation:
    if isinstance(request, OverheadRequest):
        return await service.run_overhead(request, actor=actor)
    if isinstance(request, FunctionsRequest):
        return await service.functions(request, actor=actor)
    return await service.run(request, actor=actor)


def _draw_actions(context: PageContext, service: PerformanceService, result: Result) -> None:
    async def again() -> None:
        operation = await _start(service, request_of(result), actor=context.actor)
        ui.navigate.to(f"/performance/runs/{operation.id}")

    async def remove() -> None:
        if await confirm(
            f"Delete the result “{result.name}”?",
            goes="the numbers and the histograms of this run",
            stays="the profile, the sandbox, other results",
            verb="Delete",
        ):
            await service.delete_result(result.id)
            ui.navigate.to("/performance")

    link_action("Compare", f"/performance/compare?base={result.id}", icon="compare_arrows")
    with action("Export", icon="download"), ui.menu():
        for form, words in _FORMS.items():
            ui.menu_item(words, on_click=_exporter(service, result.id, form))
    with action("More", icon="more_horiz"), ui.menu():
        if result.operation_id:
            operation = f"/operations/{result.operation_id}"
            ui.menu_item("Its operation", on_click=lambda: ui.navigate.to(operation))
        ui.menu_item("Delete", on_click=guarded(remove))
    if result.request:
        action("Run again", again, icon="replay", weight="primary")


def _exporter(
    service: PerformanceService, result_id: str, form: str
) -> Callable[[], Coroutine[Any, Any, None]]:
    async def export() -> None:
        file = await service.export_result(result_id, form)
        ui.download.content(file.content, file.file_name, file.media_type)

    return guarded(export)


def request_of(result: Result) -> Request:
    """The request that gave a result, to run it again."""
    if result.kind == "overhead":
        return msgspec.convert(result.request, OverheadRequest)
    if result.kind == "functions":
        return msgspec.convert(result.request, FunctionsRequest)
    profile = msgspec.convert(result.request, Profile)
    return RunRequest(profile=profile, profile_id=result.profile_id, name=result.name)


async def _draw_choice(service: PerformanceService, base_id: str, other_id: str) -> None:
    page = await service.list_results(PageQuery(page_size=50))
    names = {row.id: f"{row.name}, {ago(row.created_at)}, {row.validity}" for row in page.items}
    if len(names) < 2:
        with empty_state(
            "Two results are needed",
            "A comparison says what changed between two runs, with an interval, and whether the "
            "difference can be told from chance.",
            icon="compare_arrows",
        ):
            link_action("New run", "/performance/new", icon="play_arrow", weight="primary")
        return
    for chosen in (base_id, other_id):
        if chosen and chosen not in names:
            names[chosen] = (await service.get_result(chosen)).name
    with tag("div", classes="form"):
        base = choice_field("Base", names, base_id or None)
        rest = next((key for key in names if key != base.value), None)
        other = choice_field("Other", names, other_id or rest)

    def go() -> None:
        ui.navigate.to(f"/performance/compare?base={base.value}&other={other.value}")

    with tag("div", classes="cluster"):
        action("Compare", icon="compare_arrows", weight="primary").on_click(go)


async def _search(platform: Platform, words: str) -> list[Hit]:
    service = PerformanceService(platform)
    page = await service.list_results(PageQuery(page_size=4, search=words))
    return [
        Hit("result", f"{row.name}, {ago(row.created_at)}", f"/performance/results/{row.id}")
        for row in page.items
    ]


PAGES = (
    Page("/performance", "Performance", "speed", 0, 2, results_page, search=_search),
    Page("/performance/profiles", "Profiles", "speed", 0, 3, profiles_page, in_navigation=False),
    Page("/performance/new", "New run", "speed", 0, 3, new_run_page, in_navigation=False),
    Page("/performance/runs/{id}", "Run", "speed", 0, 3, run_page, in_navigation=False),
    Page(
        "/performance/results/{id}",
        "Result",
        "speed",
        0,
        3,
        result_page,
        in_navigation=False,
        shows="result",
    ),
    Page("/performance/compare", "Compare", "speed", 0, 3, compare_page, in_navigation=False),
)
