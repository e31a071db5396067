"""A short word that something was done, or why not; never the only place of an error."""

from typing import Literal

from nicegui import ui

from meshery.core.errors import MesheryError
from meshery.ui.widgets.prose import sentences

_ICONS = {"ok": "check_circle_outline", "bad": "error_outline", "info": "info_outline"}


def toast(text: str, *, tone: Literal["ok", "bad", "info"] = "ok", timeout_ms: int = 4_000) -> None:
    """Say `text` at the lower edge for a while."""
    ui.notify(
        text,
        position="bottom-right",
        timeout=timeout_ms,
        icon=_ICONS[tone],
        classes=f"toast {tone}",
        color="none",
    )


def toast_error(error: MesheryError) -> None:
    """Say what failed and what to do."""
    toast(sentences(error.what, error.remedy), tone="bad", timeout_ms=9_000)
