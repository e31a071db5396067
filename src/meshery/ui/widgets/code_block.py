"""Text that one could paste, with a button that copies it; works without the server."""

from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.icon_button import icon_button


def code_block(text: str, *, label: str = "Text") -> Tag:
    """Draw `text` in a monospace box."""
    with tag("div", classes="code-block") as block:
        tag("pre", text, tabindex="0", aria_label=label)
        icon_button("content_copy", "Copy").on("click", js_handler=_COPY)
    return block


_COPY = (
    "event => navigator.clipboard.writeText("
    "event.target.closest('.code-block').querySelector('pre').innerText)"
)
