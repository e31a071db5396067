"""Dialogs that only tell: a title, and names with their values."""

from collections.abc import Mapping

from nicegui import ui

from meshery.ui.widgets.action import action
from meshery.ui.widgets.html import tag


def facts_dialog(title: str, facts: Mapping[str, str]) -> ui.dialog:
    """Open a dialog with facts; it is gone once it is closed."""
    with ui.dialog() as dialog, tag("div", classes="dialog", role="dialog", aria_label=title):
        tag("h2", title)
        with tag("dl", classes="facts"):
            for name, value in facts.items():
                tag("dt", name)
                tag("dd", value)
        with tag("div", classes="cluster end"):
            action("Close").on_click(dialog.close)
    dialog.on("hide", dialog.delete)
    dialog.open()
    return dialog
