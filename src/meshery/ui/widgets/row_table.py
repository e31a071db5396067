"""A table whose rows are handed in whole and renewed while it is looked at: feeds, short lists."""

from collections.abc import Sequence

from nicegui import ui

from meshery.ui.widgets.column import Column, Row, dress, quasar_column


class RowTable:
    """Rows of one noun, each with an `id`; `empty` is what stands there without any."""

    def __init__(self, columns: Sequence[Column], *, label: str, empty: str) -> None:
        self._table = ui.table(
            columns=[quasar_column(column) for column in columns],
            rows=[],
            row_key="id",
            pagination=0,
        )
        self._table.props("flat hide-pagination binary-state-sort")
        self._table.props["aria-label"] = label
        self._table.classes("data-table")
        dress(self._table, columns)
        with self._table.add_slot("no-data"):
            ui.label(empty).classes("secondary")

    def show(self, rows: list[Row]) -> None:
        """Show these, in this order."""
        if self._table.rows != rows:
            self._table.rows = rows
