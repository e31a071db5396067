"""Buttons with words: one primary action a page, others beside it, destructive ones apart."""

from collections.abc import Callable
from typing import Any, Literal

from nicegui import ui

from meshery.ui.context import guarded

Weight = Literal["primary", "secondary", "danger"]


def action(
    label: str,
    on_click: Callable[..., Any] | None = None,
    *,
    icon: str = "",
    weight: Weight = "secondary",
) -> ui.button:
    """A button that runs `on_click`; errors of ours are told to the reader."""
    button = ui.button(label, icon=icon or None, color=None).props(
        "no-caps unelevated :ripple=false"
    )
    button.classes(f"action {weight}")
    if on_click is not None:
        button.on_click(guarded(on_click))
    return button


def link_action(
    label: str, href: str, *, icon: str = "", weight: Weight = "secondary", download: bool = False
) -> ui.button:
    """A link that looks like a button, so that it can be opened in a new tab."""
    button = ui.button(label, icon=icon or None, color=None).props(
        "no-caps unelevated :ripple=false"
    )
    button.classes(f"action {weight}")
    button.props["href"] = href
    if download:
        button.props["download"] = ""
    return button
