"""One connection on its page: how it is, what is known of it, and what can be done."""

from nicegui import ui

from meshery.connections.model import Connection
from meshery.connections.service import ConnectionService
from meshery.connections.words import LOGINS
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock
from meshery.ui.widgets.action import action
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel
from meshery.ui.widgets.prose import prose, sentences
from meshery.ui.widgets.status_chip import status_chip
from meshery.ui.widgets.toast import toast

REFRESH_S = 5.0


class ConnectionView:
    """Drawn once; what changes is renewed."""

    def __init__(self, context: PageContext, service: ConnectionService, shown: Connection) -> None:
        self._context = context
        self._service = service
        self._shown = shown

    def draw(self) -> None:
        """The whole page."""
        header = page_header(self._shown.name, trail=[("Connections", "/connections")])
        self._state: Tag = header.state
        with header.actions:
            action("Test", self._test, icon="network_check", weight="primary")
            action("Disconnect", self._disconnect, icon="link_off", weight="danger")
        self._place: Tag = tag("div", classes="stack")
        self._renewed(self._shown)
        self._context.every(REFRESH_S, self._renew, name="connection")

    async def _renew(self) -> None:
        found = await self._service.get(self._shown.id)
        if found != self._shown:
            self._renewed(found)

    def _renewed(self, found: Connection) -> None:
        self._shown = found
        self._state.clear()
        with self._state:
            status_chip(found.state.value)
        self._place.clear()
        with self._place:
            if found.reason:
                with panel("What is the matter"):
                    prose(sentences(found.reason))
                    if found.remedy:
                        prose(sentences(found.remedy), lead="What to do: ")
            self._operator(found)
            with panel("What is known"), tag("dl", classes="facts"):
                for name, value in _facts(found).items():
                    tag("dt", name)
                    tag("dd", value)

    def _operator(self, found: Connection) -> None:
        """The switch: watched from here, or by our operator within the cluster."""
        with panel("Who watches"):
            if found.operator:
                prose(f"Our operator watches within the cluster, in namespace {found.operator}.")
                with tag("div", classes="cluster"):
                    action("Remove the operator", self._remove_operator, icon="toggle_on")
                    action("Disconnect and leave it", self._leave_operator, icon="link_off")
            else:
                prose("This server watches, through the cluster's API server.")
                action("Deploy the operator", self._deploy_operator, icon="toggle_off")

    async def _deploy_operator(self) -> None:
        begun = await self._service.deploy_operator(self._shown.id, actor=self._context.actor)
        ui.navigate.to(f"/operations/{begun.id}")

    async def _remove_operator(self) -> None:
        if await confirm(
            f"Remove the operator from {self._shown.name}?",
            goes="operator, broker and watcher, and what they made",
            stays="the connection; this server watches again",
            verb="Remove it",
        ):
            begun = await self._service.remove_operator(self._shown.id, actor=self._context.actor)
            ui.navigate.to(f"/operations/{begun.id}")

    async def _leave_operator(self) -> None:
        """The way out where the cluster does not answer any more."""
        if await confirm(
            f"Disconnect {self._shown.name}?",
            goes="this connection and its stored login",
            stays="the cluster and everything in it, our operator too",
            verb="Leave it there",
        ):
            actor = self._context.actor
            await self._service.disconnect(self._shown.id, actor=actor, leave_operator=True)
            ui.navigate.to("/connections")

    async def _test(self) -> None:
        found = await self._service.ping(self._shown.id)
        self._renewed(found)
        reachable = found.state.value == "reachable"
        toast(f"{found.name} is {found.state.value}", tone="ok" if reachable else "bad")

    async def _disconnect(self) -> None:
        own = ", and our operator in the cluster" if self._shown.operator else ""
        if await confirm(
            f"Disconnect {self._shown.name}?",
            goes=f"this connection and its stored login{own}",
            stays="the cluster and everything else in it"
            if own
            else "the cluster and everything in it",
            verb="Disconnect it",
        ):
            removing = await self._service.leave(self._shown.id, actor=self._context.actor)
            ui.navigate.to(f"/operations/{removing.id}" if removing else "/connections")


def _facts(found: Connection) -> dict[str, str]:
    return {
        "Server": found.server,
        "Kubernetes": found.version or "not known yet",
        "Cluster id": found.cluster_id or "not known yet",
        "Logs in by": LOGINS[found.login],
        "Namespace": found.namespace,
        "Asked": f"{ago(found.checked_at)} ({clock(found.checked_at)})"
        if found.checked_at
        else "not yet",
        "Connected": clock(found.created_at),
    }
