"""A share as a bar with its two counts beside it: never the bar alone."""

from meshery.ui.widgets.html import Tag, tag


def meter(share: float | None, words: str) -> Tag:
    """`share` of one; None where there is nothing to share, then the words stand alone."""
    with tag("div", classes="meter") as whole:
        if share is not None:
            with tag("div", classes="track", aria_hidden="true"):
                tag("div", classes="fill").style(f"width:{100 * share:.1f}%")
        tag("span", words)
    return whole
