"""A button that is only an icon; its words are its label for screen readers and its tooltip."""

from nicegui import ui


def icon_button(icon: str, label: str, *, identifier: str = "") -> ui.button:
    """A flat square button; `icon` is a name of the bundled Material Icons font."""
    button = (
        ui.button(icon=icon, color=None).props("flat dense :ripple=false").classes("icon-button")
    )
    button.props["aria-label"] = label
    button.props["title"] = label
    if identifier:
        button.props["id"] = identifier
        button.mark(identifier)
    return button
