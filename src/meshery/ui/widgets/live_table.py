"""A small table whose numbers change while it is looked at: rows are drawn once, cells renewed."""

from collections.abc import Iterable, Mapping, Sequence

from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.plain_table import Cell


class LiveTable:
    """Rows by key; only a change of the keys draws anew."""

    def __init__(
        self, headings: Sequence[str], *, numbers: Iterable[int] = (), label: str, empty: str = ""
    ) -> None:
        self._numbers = frozenset(numbers)
        self._width = len(headings)
        self._empty = empty
        self._cells: dict[str, list[Tag]] = {}
        self._drawn = False
        with (
            tag("div", classes="table-scroll"),
            tag("table", classes="plain live", aria_label=label),
        ):
            with tag("thead"), tag("tr"):
                for place, heading in enumerate(headings):
                    tag("th", heading, "number" if place in self._numbers else "", scope="col")
            self._body = tag("tbody")

    def show(self, rows: Mapping[str, Sequence[str | Cell]]) -> None:
        """Show these rows, in this order."""
        if list(rows) != list(self._cells) or not self._drawn:
            self._draw(list(rows))
        for key, row in rows.items():
            for place, value in enumerate(row):
                cell = Cell(value) if isinstance(value, str) else value
                self._renew(self._cells[key][place], cell, number=place in self._numbers)

    def _draw(self, keys: Sequence[str]) -> None:
        self._drawn = True
        self._body.clear()
        self._cells = {}
        with self._body:
            for key in keys:
                with tag("tr"):
                    self._cells[key] = [tag("td") for _ in range(self._width)]
            if not keys:
                with tag("tr"):
                    tag("td", self._empty, "secondary", colspan=str(self._width))

    def _renew(self, element: Tag, cell: Cell, *, number: bool) -> None:
        classes = f"{'number ' if number else ''}{cell.classes}".strip()
        if " ".join(element.classes) != classes:
            element.classes(replace=classes)
        if element.text != cell.text:
            element.text = cell.text
