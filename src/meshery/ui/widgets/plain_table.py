"""A small table that is drawn whole; long lists take `data_table`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshery.ui.widgets.html import Tag, tag


@dataclass(frozen=True)
class Cell:
    """One cell: text, where it leads, how it looks, and small print below it."""

    text: str
    href: str = ""
    classes: str = ""
    note: str = ""


def plain_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    *,
    numbers: Iterable[int] = (),
    label: str = "",
) -> Tag:
    """Draw rows under headings; the columns in `numbers` (from 0) stand at the right."""
    right = frozenset(numbers)
    with (
        tag("div", classes="table-scroll") as scroller,
        tag("table", classes="plain", aria_label=label or "Table"),
    ):
        with tag("thead"), tag("tr"):
            for place, heading in enumerate(headings):
                tag("th", heading, "number" if place in right else "", scope="col")
        with tag("tbody"):
            for row in rows:
                with tag("tr"):
                    for place, value in enumerate(row):
                        _cell(
                            Cell(value) if isinstance(value, str) else value, number=place in right
                        )
    return scroller


def _cell(cell: Cell, *, number: bool) -> None:
    classes = f"{'number ' if number else ''}{cell.classes}".strip()
    if cell.note:
        with tag("td", classes=classes):
            tag("span", cell.text)
            tag("span", cell.note, "cell-note")
    elif cell.href:
        with tag("td", classes=classes):
            tag("a", cell.text, href=cell.href)
    else:
        tag("td", cell.text, classes)
