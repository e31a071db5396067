"""The list of keys, opened by `?`."""

from nicegui import ui

from meshery.ui.widgets.html import tag

KEYS = (
    ("/", "search"),
    ("n", "notifications"),
    ("t", "light or dark"),
    ("?", "this list"),
    ("Tab", "to the next action; the first Tab offers to skip to the content"),
    ("Esc", "close what is open"),
)


def key_help() -> ui.dialog:
    """The dialog, closed."""
    with ui.dialog() as dialog, tag("div", classes="dialog", role="dialog", aria_label="Keys"):
        tag("h2", "Keys")
        with tag("dl", classes="keys"):
            for key, meaning in KEYS:
                with tag("dt"):
                    tag("kbd", key)
                tag("dd", meaning)
    return dialog
