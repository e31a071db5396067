"""The form that connects clusters: a kubeconfig pasted or chosen, its contexts shown, then sent.

The text stays in the form's memory on the server until it is connected or the tab is gone; it is
neither stored nor shown again.
"""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.events import UploadEventArguments

from meshery.connections.model import Outcome, Preview
from meshery.connections.service import ConnectionService
from meshery.connections.words import LOGINS
from meshery.core.errors import InvalidInputError, MesheryError
from meshery.core.yamlfile import MAX_BYTES
from meshery.ui.format import plural
from meshery.ui.widgets.action import action
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.fields import switch, text_area
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.prose import prose, sentences
from meshery.ui.widgets.status_chip import status_chip
from meshery.ui.widgets.toast import toast

PASTED_BYTES = 900_000
"""A socket carries no larger message; larger files are chosen, not pasted."""
_HINT = "kubectl config view --raw --flatten prints one that stands for itself"


class ConnectForm:
    """Paste or choose, look at the contexts, connect. `connected` runs after each sending."""

    def __init__(
        self, service: ConnectionService, *, actor: str, connected: Callable[[], Awaitable[object]]
    ) -> None:
        self._service = service
        self._actor = actor
        self._connected = connected
        self._text = ""
        self._choices: dict[str, ui.checkbox] = {}

    def draw(self) -> None:
        """Draw the empty form."""
        with tag("div", classes="stack"):
            self._field = text_area("Kubeconfig", hint=_HINT)
            self._field.props(f"maxlength={PASTED_BYTES} autocomplete=off")
            upload = ui.upload(
                auto_upload=True,
                max_file_size=MAX_BYTES,
                on_upload=self._chosen,
                on_rejected=lambda: toast(
                    f"A kubeconfig has at most {MAX_BYTES} bytes", tone="bad"
                ),
            )
            upload.classes("hidden").props('aria-label="Kubeconfig file"')
            with tag("div", classes="cluster"):
                action("Show its contexts", self._pasted, icon="visibility")
                choose = action("Choose a file", icon="upload_file")
                choose.on_click(lambda: upload.run_method("pickFiles"))
            self._place: Tag = tag("div", classes="stack", aria_live="polite")

    def focus(self) -> None:
        """Bring the reader here."""
        self._field.run_method("focus")

    async def _pasted(self) -> None:
        await self._show(str(self._field.value or ""))

    async def _chosen(self, event: UploadEventArguments) -> None:
        event.sender.run_method("reset")
        raw = await event.file.read()
        await self._show(raw.decode("utf-8", "replace"))

    async def _show(self, text: str) -> None:
        self._place.clear()
        self._choices.clear()
        self._text = text
        try:
            previews = await self._service.preview(text)
            if not previews:
                raise InvalidInputError(
                    "the kubeconfig has no contexts",
                    remedy="paste one that has",
                    code="meshery.kubeconfig.context",
                )
        except MesheryError as error:
            with self._place:
                error_panel(error)
            return
        with self._place:
            self._draw_previews(previews)

    def _draw_previews(self, previews: Sequence[Preview]) -> None:
        usable = [each for each in previews if each.error is None]
        refused = [each for each in previews if each.error is not None]
        for each in usable:
            with tag("div", classes="stack tight"):
                words = f"{each.context} (current)" if each.current else each.context
                self._choices[each.context] = switch(words, value=True)
                tag("span", f"{each.server}, by {LOGINS[each.login]}", "secondary")
        if refused:
            _draw_refused(refused)
        if usable:
            label = "Connect it" if len(usable) == 1 else "Connect the chosen ones"
            with tag("div", classes="cluster"):
                action(label, self._send, icon="link", weight="primary")
                tag("span", "Logins are sealed before they are stored.", "secondary")

    async def _send(self) -> None:
        wanted = [name for name, choice in self._choices.items() if choice.value]
        if not wanted:
            toast("Choose a context first", tone="info")
            return
        toast(f"Asking {plural(len(wanted), 'cluster')}", tone="info")
        outcomes = await self._service.connect(self._text, contexts=wanted, actor=self._actor)
        self._text = ""
        self._field.set_value("")
        self._choices.clear()
        self._place.clear()
        with self._place:
            _draw_outcomes(outcomes)
        await self._connected()


def _draw_refused(refused: Sequence[Preview]) -> None:
    for each in refused:
        error = each.error or {}
        with tag("div", classes="stack tight"):
            with tag("div", classes="cluster"):
                status_chip("refused", tone="bad", icon="block")
                tag("span", each.context, "strong")
            prose(sentences(str(error["what"]), str(error["cause"])))
            prose(str(error["remedy"]), "secondary", lead="What to do: ")


def _draw_outcomes(outcomes: Sequence[Outcome]) -> None:
    rows: list[list[str | Cell]] = [
        [
            Cell(each.context, classes="strong"),
            Cell(each.outcome, classes="ok" if each.outcome == "connected" else "bad"),
            each.words,
        ]
        for each in outcomes
    ]
    plain_table(["Context", "Outcome", "What"], rows, label="What became of the contexts")
