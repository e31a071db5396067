"""What a page says where nothing is yet: why, and the next step as a button or a command."""

from nicegui import ui

from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.prose import prose


def empty_state(title: str, text: str, *, icon: str = "inbox", command: str = "") -> Tag:
    """An empty place; enter the returned element to add the button of the next step."""
    with tag("div", classes="empty-state"):
        ui.icon(icon).props("aria-hidden=true")
        tag("h2", title)
        prose(text)
        if command:
            tag("code", command, "command")
        return tag("div", classes="cluster")
