"""Asks before something is taken away: names what goes and what stays."""

from nicegui import ui

from meshery.ui.widgets.action import action
from meshery.ui.widgets.html import tag


async def confirm(title: str, *, goes: str, stays: str, verb: str) -> bool:
    """Ask and wait; closing the dialog is a no. `verb` is the word on the button."""
    with ui.dialog() as dialog, tag("div", classes="dialog", role="alertdialog", aria_label=title):
        tag("h2", title)
        tag("p", f"Goes: {goes}")
        tag("p", f"Stays: {stays}", "secondary")
        with tag("div", classes="cluster end"):
            action("Keep", None).on_click(lambda: dialog.submit(False))
            action(verb, None, weight="danger").on_click(lambda: dialog.submit(True))
    answer = await dialog
    dialog.delete()
    return answer is True
