"""The behaviours in effect: what each does, how exactly, and a button that undoes it."""

from collections.abc import Awaitable, Callable, Sequence

import yaml

from meshery.sandbox.view import BehaviourView
from meshery.ui.context import guarded
from meshery.ui.widgets.action import action
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.status_chip import Tone, status_chip

_TONES: dict[str, Tone] = {"exact": "ok", "approximate": "warn", "unsupported": "bad"}
_ICONS = {"exact": "check", "approximate": "warning_amber", "unsupported": "block"}
Undo = Callable[[str], Awaitable[None]]


class BehaviourPanel:
    """The list, drawn anew when it changes."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._shown: Sequence[BehaviourView] | None = None
        self._place: Tag = tag("div", classes="stack tight")

    def show(self, behaviours: Sequence[BehaviourView]) -> None:
        """Show these."""
        if self._shown is not None and list(behaviours) == list(self._shown):
            return
        self._shown = behaviours
        self._place.clear()
        with self._place:
            if not behaviours:
                tag("p", "None: the mesh passes requests on as they come.", "secondary")
            for behaviour in behaviours:
                self._draw(behaviour)

    def _draw(self, behaviour: BehaviourView) -> None:
        with tag("details", classes="behaviour"):
            with tag("summary"):
                with tag("span", classes="entry-words"):
                    tag("span", behaviour.name, "fact-name")
                    tag("span", _words(behaviour), "secondary")
                fidelity = behaviour.fidelity
                status_chip(
                    fidelity, tone=_TONES.get(fidelity), icon=_ICONS.get(fidelity, "circle")
                )
            with tag("div", classes="stack tight"):
                for note in behaviour.notes:
                    tag("p", note, "secondary")
                text = yaml.safe_dump(behaviour.document, sort_keys=False, allow_unicode=True)
                code_block(text, label=f"Document of {behaviour.name}")
                with tag("div", classes="cluster"):
                    button = action("Undo", icon="undo")
                    button.on_click(guarded(lambda: self._take_away(behaviour.name)))

    async def _take_away(self, name: str) -> None:
        await self._undo(name)


def _words(behaviour: BehaviourView) -> str:
    caller = f" for calls from {behaviour.source}" if behaviour.source else ""
    return f"{behaviour.kind} on {behaviour.target}{caller}"
