"""The dashboard: what runs, what needs a person, what changed, and the last results."""

from nicegui import ui

from meshery.core.page import PageQuery
from meshery.operations.events import EventFilter
from meshery.operations.model import Operation, OperationState
from meshery.operations.operation_list import title_of
from meshery.operations.pages import notice
from meshery.operations.platform import Platform
from meshery.performance.result import ResultRow
from meshery.server.overview import ClusterSummary, MeshNeed, Overview, read_overview
from meshery.server.welcome import draw_welcome
from meshery.ui.context import PageContext
from meshery.ui.format import ago, microseconds, plural, rate
from meshery.ui.page import Notice
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.event_list import EventList
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.prose import sentences
from meshery.ui.widgets.sentence import Part, sentence
from meshery.ui.widgets.status_chip import TONES, status_chip

PERIOD_S = 3.0
MESHES_NAMED = 4
_URGENCY = {"bad": "error_outline", "warn": "warning_amber"}


async def dashboard_page(context: PageContext) -> None:
    """Draw what was read; renew it when something happens, and every few seconds."""
    platform: Platform = context.state
    header = page_header("Dashboard")
    overview = await read_overview(context)
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
        fresh = await read_overview(context)
        if fresh != overview:
            overview = fresh
            changes.set_visibility(not fresh.is_new)
            _draw(context, place, fresh)

    context.on_notice(events.prepend)
    context.every(PERIOD_S, renew, name="dashboard")


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
            draw_welcome(context)
            return
        _draw_sentence(overview)
        with panels("top"):
            with panel("What runs"):
                _draw_running(context.state, overview)
            with panel("What needs you"):
                _draw_needs(context.state, overview)
        with panel("Last results"):
            _draw_results(overview.results)


def _draw_sentence(overview: Overview) -> None:
    active = len(overview.active)
    needs = plural(overview.needs, "thing needs", "things need") if overview.needs else ""
    if overview.has_more_trouble:
        needs = f"{overview.needs} or more things need"
    sentence(
        [
            *_running_words(overview),
            (
                "strong",
                plural(active, "operation is", "operations are") if active else "nothing is",
            ),
            " under way, and ",
            ("strong", needs or "nothing needs"),
            " you.",
        ]
    )


def _running_words(overview: Overview) -> list[Part]:
    """Clusters first where there are any; a sandbox that is not there is told only without them."""
    up = sum(sandbox.state in {"up", "degraded"} for sandbox in overview.sandboxes)
    sidecars = sum(sandbox.ready for sandbox in overview.sandboxes)
    words: list[Part] = []
    clusters = plural(len(overview.clusters), "cluster")
    if overview.meshes:
        meshes = plural(overview.meshes, "mesh is", "meshes are")
        words += [("strong", meshes), f" in {clusters}, "]
    elif overview.clusters and all(cluster.is_read for cluster in overview.clusters):
        words += [("strong", "No mesh"), f" is found in {clusters}, "]
    elif overview.clusters:
        words += [("strong", f"{clusters} connected"), ", no mesh found so far, "]
    if up:
        runs = plural(up, "sandbox runs", "sandboxes run")
        return [*words, ("strong", runs), f" with {plural(sidecars, 'sidecar')}, "]
    return words or [("strong", "No sandbox runs"), ", "]


def _draw_running(platform: Platform, overview: Overview) -> None:
    for cluster in overview.clusters:
        _draw_cluster(cluster)
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
    if not (overview.clusters or overview.sandboxes or overview.active):
        tag("p", "Nothing just now.", "secondary")
    if not overview.sandboxes:
        tag("a", "Start a sandbox", href="/sandbox")
    if not overview.clusters:
        tag("a", "Connect a cluster", href="/connections")


def _draw_cluster(cluster: ClusterSummary) -> None:
    href = "/meshes" if cluster.meshes else cluster.href
    with tag("a", classes="entry", href=href):
        ui.icon("dns").classes("tone").props("aria-hidden=true")
        with tag("span", classes="entry-words"):
            tag("span", cluster.name)
            tag("span", _cluster_words(cluster), "secondary wrapped")
        status_chip(cluster.state)


def _cluster_words(cluster: ClusterSummary) -> str:
    named = ", ".join(cluster.meshes[:MESHES_NAMED])
    more = len(cluster.meshes) - MESHES_NAMED
    if more > 0:
        named += f" and {more} more"
    if not named:
        objects = plural(cluster.objects, "object")
        named = f"no mesh; {objects}" if cluster.is_read else f"being read; {objects} so far"
    return named


def _draw_needs(platform: Platform, overview: Overview) -> None:
    for sandbox in overview.lost:
        words = f"Sandbox {sandbox.name} is {sandbox.state}"
        _draw_need(f"/sandbox/{sandbox.name}", "link_off", "bad", words, sandbox.reason)
    for cluster in overview.away:
        words = f"Cluster {cluster.name} is {cluster.state}"
        _draw_need(cluster.href, "link_off", "bad", words, sentences(cluster.remedy))
    for part in overview.parts:
        words = f"{part.name} is {part.state}"
        _draw_need("/settings", "error_outline", "bad", words, part.remedy or part.detail)
    for need in overview.mesh_needs[:MESHES_NAMED]:
        _draw_mesh_need(need)
    if len(overview.mesh_needs) > MESHES_NAMED:
        tag("a", f"{len(overview.mesh_needs) - MESHES_NAMED} more meshes need you", href="/meshes")
    for one in overview.troubled:
        _draw_operation(platform, one, str((one.error or {}).get("remedy") or one.state.value))
    if overview.has_more_trouble:
        tag("a", "All operations", href="/operations")
    if not overview.needs:
        tag("p", "Nothing. Failed operations of the last day would be here.", "secondary")


def _draw_mesh_need(need: MeshNeed) -> None:
    _draw_need(need.href, _URGENCY[need.urgency], need.urgency, need.name, need.words)


def _draw_need(href: str, icon: str, tone: str, title: str, words: str) -> None:
    with tag("a", classes="entry", href=href):
        ui.icon(icon).classes(f"tone {tone}").props("aria-hidden=true")
        with tag("span", classes="entry-words"):
            tag("span", title)
            tag("span", words, "secondary")


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
