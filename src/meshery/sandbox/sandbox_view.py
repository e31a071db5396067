"""One sandbox live: state, graph with rates, behaviours, requests, instances."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from meshery.apply.target import Change
from meshery.core.errors import NotFoundError
from meshery.sandbox.behaviour_form import BehaviourForm
from meshery.sandbox.behaviour_panel import BehaviourPanel
from meshery.sandbox.cpu_meter import CpuMeter
from meshery.sandbox.graph_panel import GraphPanel
from meshery.sandbox.request_form import RequestForm, Wanted
from meshery.sandbox.service import SandboxService
from meshery.sandbox.view import InstanceView, PartView, RequestView, SandboxStatus, SandboxView
from meshery.ui.context import PageContext, guarded
from meshery.ui.format import plural, seconds, size, whole
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.live_table import LiveTable
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.plain_table import Cell
from meshery.ui.widgets.status_chip import status_chip
from meshery.ui.widgets.tile import Tile, tiles
from meshery.ui.widgets.toast import toast

GRAPH_PERIOD_S = 1.0
STATUS_PERIOD_S = 2.0
_HEADINGS = (
    "Instance", "State", "Sidecar pid", "App pid", "Sidecar CPU", "Sidecar memory", "App CPU",
    "App memory", "Restarts", "Inbound port", "Direct port",
)  # fmt: skip


class SandboxPage:
    """One tab that looks at one sandbox."""

    def __init__(self, context: PageContext, service: SandboxService, name: str) -> None:
        self._context = context
        self._service = service
        self._name = name
        self._state = ""
        self._url: str | None = None
        self._cpu_meter = CpuMeter()

    async def draw(self) -> None:
        """Draw everything, and keep it fresh while it is looked at."""
        status = await self._service.status(self._name)
        self._draw_header()
        self._reason = tag("p", "", "bad-words")
        self._gateway: Tag = tag("p", classes="secondary")
        self._draw_tiles()
        self._graph = GraphPanel()
        with panels("narrow-right"):
            with panel("Behaviours in effect", "undoing one renders the mesh anew without it"):
                self._behaviours = BehaviourPanel(self._undo)
            with panel("Apply a behaviour", classes="roomy"):
                self._draw_form(await self._versions())
        with panel("Instances", "each is one sidecar and one application"):
            self._instances = LiveTable(
                _HEADINGS, numbers=range(2, 11), label="Instances", empty="No instance runs."
            )
        with panel("Send a request", classes="roomy"):
            await self._draw_request_form()
        self._show(status)
        await self._renew_graph()
        self._context.every(GRAPH_PERIOD_S, self._renew_graph, name="graph")
        self._context.every(STATUS_PERIOD_S, self._renew_status, name="status")

    def _draw_header(self) -> None:
        header = page_header(self._name, trail=(("Sandbox", "/sandbox"),))
        self._state_place: Tag = header.state
        with header.actions:
            with action("More", icon="more_horiz"), ui.menu():
                ui.menu_item("Rotate certificates", on_click=guarded(self._rotate))
                ui.menu_item("Start its processes again", on_click=guarded(self._restore))
                ui.menu_item("Stop the sandbox", on_click=guarded(self._stop))
            link_action("Measure", "/performance/new", icon="speed", weight="primary")

    def _draw_tiles(self) -> None:
        with tiles():
            self._ready = Tile("Sidecars ready", "-")
            self._mtls = Tile("Mutual TLS", "-")
            self._cpu = Tile("CPU, sidecars", "-", "of one core")
            self._memory = Tile("Memory, sidecars", "-", "of all together")
            self._restarts = Tile("Restarts", "-", "of any process")

    def _draw_form(self, versions: dict[str, list[str]]) -> None:
        BehaviourForm(versions, plan=self._plan, apply=self._apply).draw()

    async def _draw_request_form(self) -> None:
        world = await self._service.world(self._name)
        services = [service.name for service in world.services]
        first = world.gateway_routes[0].service if world.gateway_routes else ""
        RequestForm(services, self._send, first=first).draw()

    async def _versions(self) -> dict[str, list[str]]:
        world = await self._service.world(self._name)
        return {s.name: [version.name for version in s.versions] for s in world.services}

    async def _renew_graph(self) -> None:
        self._graph.show(await self._service.graph(self._name))

    async def _renew_status(self) -> None:
        try:
            self._show(await self._service.status(self._name))
        except NotFoundError:
            self._say_state("stopped", "This sandbox was stopped and is gone.")

    def _show(self, status: SandboxStatus) -> None:
        sandbox = status.sandbox
        self._say_state(sandbox.state, sandbox.reason)
        proxies = [part for each in status.instances if (part := _part(each, "proxy"))]
        self._ready.set(f"{sandbox.ready} of {sandbox.sidecars}", _start_words(sandbox))
        self._restarts.set(_restarts(status.instances))
        self._mtls.set(sandbox.mtls, plural(sandbox.behaviours, "behaviour"))
        self._cpu_meter.read(status.instances)
        self._cpu.set(_percent(self._cpu_meter.of(proxies)))
        self._memory.set(size(sum(part.memory_mb for part in proxies) * 1e6))
        self._say_gateway(sandbox.url)
        self._behaviours.show(status.behaviours)
        self._instances.show(
            {each.name: _instance_row(each, self._cpu_meter) for each in status.instances}
        )

    def _say_gateway(self, url: str) -> None:
        if url == self._url:
            return
        self._url = url
        self._gateway.clear()
        with self._gateway:
            tag("span", "The gateway answers at " if url else "It has no gateway.")
            if url:
                tag("a", url, href=url, target="_blank", rel="noopener")

    def _say_state(self, state: str, reason: str) -> None:
        if self._reason.text != reason:
            self._reason.text = reason
        if state == self._state:
            return
        self._state = state
        self._state_place.clear()
        with self._state_place:
            status_chip(state)

    async def _plan(self, document: dict[str, Any]) -> Sequence[Change]:
        return await self._service.plan(self._name, [document])

    async def _apply(self, document: dict[str, Any]) -> None:
        operation = await self._service.apply(self._name, [document], actor=self._context.actor)
        await self._await(operation.id, f"{document.get('name', 'The behaviour')} is in effect")

    async def _undo(self, behaviour: str) -> None:
        operation = await self._service.undo(self._name, [behaviour], actor=self._context.actor)
        await self._await(operation.id, f"{behaviour} is undone")

    async def _await(self, operation_id: str, words: str) -> None:
        """Say the outcome once it is there; the operation has its own page meanwhile."""
        operations = self._context.state.operations
        toast("Under way", tone="info")
        ended = await operations.wait(operation_id, timeout_s=30)
        if ended.error:
            toast(
                f"{ended.error.get('what', 'It failed')}. {ended.error.get('remedy', '')}",
                tone="bad",
            )
        else:
            toast(words)
        await self._renew_status()

    async def _send(self, wanted: Wanted) -> RequestView:
        return await self._service.request(
            self._name,
            wanted.service,
            path=wanted.path,
            source=wanted.source,
            headers=wanted.headers,
            direct=wanted.direct,
        )

    async def _rotate(self) -> None:
        operation = await self._service.rotate(self._name, actor=self._context.actor)
        await self._await(operation.id, "Every sidecar has a new certificate")

    async def _restore(self) -> None:
        operation = await self._service.restore(self._name, actor=self._context.actor)
        ui.navigate.to(f"/operations/{operation.id}")

    async def _stop(self) -> None:
        if await confirm(
            f"Stop the sandbox {self._name}?",
            goes="its processes, its behaviours and its certificates",
            stays="results that were measured on it, and the events",
            verb="Stop it",
        ):
            operation = await self._service.down(self._name, actor=self._context.actor)
            ui.navigate.to(f"/operations/{operation.id}")


def _part(instance: InstanceView, kind: str) -> PartView | None:
    """Its sidecar (`proxy`) or application (`app`)."""
    return next((part for part in instance.parts if part.name.endswith(kind)), None)


def _restarts(instances: Sequence[InstanceView]) -> str:
    return whole(sum(part.restarts for each in instances for part in each.parts))


def _start_words(sandbox: SandboxView) -> str:
    return f"ready in {seconds(sandbox.ready_s)}" if sandbox.ready_s is not None else ""


def _instance_row(instance: InstanceView, meter: CpuMeter) -> list[str | Cell]:
    proxy, app = _part(instance, "proxy"), _part(instance, "app")
    restarts = sum(part.restarts for part in instance.parts)
    tone = {"ready": "ok", "starting": "warn"}.get(instance.state, "bad")
    return [
        Cell(instance.name, classes="strong nowrap"),
        Cell(instance.state, classes=tone),
        _pid(proxy),
        _pid(app),
        _percent(meter.of([proxy])) if proxy else "-",
        _memory(proxy),
        _percent(meter.of([app])) if app else "-",
        _memory(app),
        Cell(str(restarts), classes="warn" if restarts else ""),
        Cell(_port(instance.inbound), classes="code nowrap"),
        Cell(_direct_ports(instance), classes="code nowrap"),
    ]


def _direct_ports(instance: InstanceView) -> str:
    """The application's ports off the mesh; those beside HTTP with their protocol."""
    others = [f"{url.partition(':')[0]} {_port(url)}" for url in instance.echo]
    return ", ".join([_port(instance.direct), *others])


def _port(address: str) -> str:
    """Everything listens on this machine, so its port says enough."""
    return address.rpartition(":")[2].strip("/") or "none"


def _pid(part: PartView | None) -> str:
    return str(part.pid) if part and part.pid else "-"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"


def _memory(part: PartView | None) -> str:
    return size(part.memory_mb * 1e6) if part and part.memory_mb else "-"
