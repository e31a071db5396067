"""Pages of sandboxes: the list with a start, and one sandbox live."""

from collections.abc import Collection

from nicegui import ui

from meshery.core.errors import NotFoundError
from meshery.core.yamlfile import parse_yaml
from meshery.operations.platform import Platform
from meshery.sandbox.sandbox_view import SandboxPage
from meshery.sandbox.service import SandboxService
from meshery.sandbox.spec import bundled_names, bundled_spec, parse_spec
from meshery.sandbox.view import SandboxView
from meshery.ui.context import PageContext
from meshery.ui.format import ago, plural, seconds
from meshery.ui.page import Chip, Hit, Liveness, Page
from meshery.ui.widgets.action import Weight, action, link_action
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.fields import text_area
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import fold
from meshery.ui.widgets.status_chip import status_chip

LIST_PERIOD_S = 2.0
FIRST_CHOICE = "shop"
_LIVENESS: dict[str, Liveness] = {
    "up": "connected",
    "degraded": "lagging",
    "starting": "lagging",
    "stopping": "lagging",
    "unknown": "lagging",
}
_EXAMPLE = """apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: mine}
spec:
  gateway: {service: web}
  services:
    - {name: web, calls: [api]}
    - name: api
      versions:
        - {name: v1, latency: 1ms}
        - {name: v2, latency: 2ms, errorRate: 0.5}
"""


async def list_page(context: PageContext) -> None:
    """All sandboxes, and how to start one."""
    service = SandboxService(context.state)
    page_header("Sandbox")
    place = tag("div", classes="stack")
    shown: list[SandboxView] | None = None

    async def renew() -> None:
        nonlocal shown
        found = list(await service.list())
        if found != shown:
            shown = found
            _draw_list(place, found)

    await renew()
    _draw_start(context, service, running=[one.name for one in shown or []])
    context.every(LIST_PERIOD_S, renew, name="sandboxes")


async def sandbox_page(context: PageContext) -> None:
    """One sandbox, live."""
    name = context.path["name"]
    await SandboxPage(context, SandboxService(context.state), name).draw()


def _draw_list(place: Tag, found: list[SandboxView]) -> None:
    place.clear()
    with place:
        if not found:
            empty_state(
                "No sandbox runs",
                "A sandbox is a mesh on this machine: real Envoy sidecars as local processes, "
                "mutual TLS between them, and a small application to send requests to. "
                "Start one below.",
                icon="hub",
                command="mesheryctl sandbox up shop",
            )
            return
        with tag("div", classes="cards"):
            for sandbox in found:
                _draw_card(sandbox)


def _draw_card(sandbox: SandboxView) -> None:
    with tag("a", classes="card", href=f"/sandbox/{sandbox.name}"):
        with tag("div", classes="panel-head whole-width"):
            tag("h2", sandbox.name)
            status_chip(sandbox.state)
        counts = (
            f"{plural(sandbox.services, 'service')}, "
            f"{sandbox.ready} of {plural(sandbox.sidecars, 'sidecar')} ready"
        )
        tag("span", counts)
        words = [f"mutual TLS {sandbox.mtls}", plural(sandbox.behaviours, "behaviour")]
        if sandbox.ready_s is not None:
            words.append(f"ready in {seconds(sandbox.ready_s)}")
        words.append(f"since {ago(sandbox.created_at)}")
        tag("span", ", ".join(words), "secondary")
        if sandbox.reason:
            tag("span", sandbox.reason, "bad-words")


def _draw_start(context: PageContext, service: SandboxService, *, running: Collection[str]) -> None:
    tag("h2", "Start a sandbox", "panel-title")
    with tag("div", classes="cards"):
        for name in bundled_names():
            _draw_bundled(context, service, name, running=name in running)
    with fold("Your own", "a spec as YAML: services, versions, replicas, who calls whom"):
        field = text_area("Spec", _EXAMPLE)

        async def start() -> None:
            spec = parse_spec(parse_yaml(str(field.value), source="the field"))
            operation = await service.up(spec, actor=context.actor)
            ui.navigate.to(f"/operations/{operation.id}")

        with tag("div", classes="cluster"):
            action("Start", start, icon="play_arrow")


def _draw_bundled(
    context: PageContext, service: SandboxService, name: str, *, running: bool
) -> None:
    spec = bundled_spec(name)

    async def start() -> None:
        operation = await service.up(spec, actor=context.actor)
        ui.navigate.to(f"/operations/{operation.id}")

    with tag("div", classes="card"):
        tag("h2", name)
        services = ", ".join(each.name for each in spec.services)
        tag("p", f"{plural(spec.sidecars, 'sidecar')}: {services}")
        if running:
            link_action(f"Open {name}", f"/sandbox/{name}", icon="hub")
        else:
            weight: Weight = "primary" if name == FIRST_CHOICE else "secondary"
            action(f"Start {name}", start, icon="play_arrow", weight=weight)


async def _chips(platform: Platform) -> list[Chip]:
    return [
        Chip(
            f"sandbox: {sandbox.name}",
            f"/sandbox/{sandbox.name}",
            _LIVENESS.get(sandbox.state, "lost"),
            sandbox.reason or sandbox.state,
            "" if sandbox.state == "up" else sandbox.state,
        )
        for sandbox in await SandboxService(platform).list()
    ]


async def _search(platform: Platform, words: str) -> list[Hit]:
    service = SandboxService(platform)
    hits: list[Hit] = []
    for sandbox in await service.list():
        href = f"/sandbox/{sandbox.name}"
        if words.lower() in sandbox.name:
            hits.append(Hit("sandbox", sandbox.name, href))
        try:
            world = await service.world(sandbox.name)
        except NotFoundError:
            continue
        hits += [
            Hit(f"service of {sandbox.name}", one.name, href)
            for one in world.services
            if words.lower() in one.name
        ]
    return hits


PAGES = (
    Page("/sandbox", "Sandbox", "hub", 0, 1, list_page, chips=_chips, search=_search),
    Page(
        "/sandbox/{name}",
        "Sandbox",
        "hub",
        0,
        1,
        sandbox_page,
        in_navigation=False,
        shows="sandbox",
    ),
)
