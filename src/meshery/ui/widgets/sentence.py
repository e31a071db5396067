"""The answer of a page in words, with the numbers in it: quantities strong, asides quiet."""

import re
from collections.abc import Iterable

from meshery.ui.widgets.html import Tag, tag

Part = str | tuple[str, str]
"""Plain words, or (`strong` or `quiet`, words)."""

_ASIDE = re.compile(r"(\([^()]*\))")
_QUANTITY = re.compile(
    r"([+-−]?\d[\d,.]*(?:\s?(?:µs|us|ms|MB|rps|%)| s)(?![\w]))",  # noqa: RUF001
)


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


def spoken(text: str) -> list[Part]:
    """A sentence that a service wrote, cut into parts: what stands in brackets is an aside."""
    parts: list[Part] = []
    for piece in _ASIDE.split(text.replace(" us", " µs")):
        if piece.startswith("("):
            parts.append(("quiet", piece))
            continue
        for place, words in enumerate(_QUANTITY.split(piece)):
            if words:
                parts.append(("strong", words) if place % 2 else words)
    return parts
