"""A flat box with a title, and one that folds."""

from nicegui import ui

from meshery.ui.widgets.html import Tag, tag


def panel(title: str = "", note: str = "", classes: str = "") -> Tag:
    """A section; enter it to fill it."""
    with tag("section", classes=f"panel {classes}".strip()) as section:
        if title:
            tag("h2", title, "panel-title")
        if note:
            tag("p", note, "panel-note")
    return section


def panels(classes: str = "") -> Tag:
    """A row of panels that share the width and wrap where it is narrow."""
    return tag("div", classes=f"panels {classes}".strip())


def fold(title: str, note: str = "") -> Tag:
    """A section that opens on its title; closed at first. Works without the server."""
    with tag("details", classes="panel fold"):
        with tag("summary"):
            ui.icon("chevron_right").props("aria-hidden=true")
            tag("span", title, "panel-title")
            if note:
                tag("span", note, "panel-note")
        return tag("div", classes="fold-body")
