"""The answer of a page in words, with the numbers in it; parts that matter are strong, asides are quiet."""

from collections.abc import Iterable

from meshery.ui.widgets.html import Tag, tag

Part = str | tuple[str, str]
"""Plain words, or (`strong` or `quiet`, words)."""


def sentence(parts: Iterable[Part]) -> Tag:
    """Draw the sentence that answers the page's question."""
    with tag("p", classes="sentence") as paragraph:
        for part in parts:
            if isinstance(part, str):
                tag("span", part)
            elif part[0] == "strong":
                tag("strong", part[1])
            else:
                tag("span", part[1], "quiet")
    return paragraph
