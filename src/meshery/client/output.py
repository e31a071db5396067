"""Results on standard output: `-o table|json|yaml|name|markdown`.

JSON and YAML are one document and nothing else. Tables are cut to the screen on a terminal only;
in a pipe every cell is whole, so that `grep` and `awk` see what is there.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from meshery.client.terminal import console

FORMATS = ("table", "json", "yaml", "name")
REPORT_FORMATS = (*FORMATS, "markdown")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: its title, and the dotted path into a row or a function of the row."""

    title: str
    value: str | Callable[[Row], Any]
    right: bool = False

    def text(self, row: Row) -> str:
        """The cell as text; nothing becomes `-`."""
        found = _at(row, self.value) if isinstance(self.value, str) else self.value(row)
        return _plain(found)


def emit(document: Any, output: str = "table", *, columns: Sequence[Column | str] = ()) -> None:
    """Write a result. Rows are a list, or the `items` of a page; anything else is one object.

    A column given as text is a dotted path whose last word, in capitals, is the title.
    """
    data = msgspec.to_builtins(document)
    if output == "json":
        _write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())
    elif output == "yaml":
        _write(_yaml(data))
    elif output == "name":
        _write("\n".join(_name(row) for row in _rows(data)))
    else:
        _emit_table(data, [_column(item) for item in columns], markdown=output == "markdown")


def emit_text(text: str) -> None:
    """Write text of our own making to standard output, such as a report."""
    _write(text)


def table_text(columns: Sequence[Column], rows: Sequence[Row], *, markdown: bool = False) -> str:
    """Rows as aligned text, or as a Markdown table."""
    cells = [[column.text(row) for column in columns] for row in rows]
    return _markdown(columns, cells) if markdown else _aligned(columns, cells)


def _emit_table(data: Any, columns: list[Column], *, markdown: bool) -> None:
    is_list = isinstance(data, list) or (isinstance(data, dict) and "items" in data)
    if not is_list and isinstance(data, dict) and not columns:
        data = [{"field": name, "value": value} for name, value in data.items()]
        columns = [Column("FIELD", "field"), Column("VALUE", "value")]
    rows = _rows(data)
    columns = columns or [_column(name) for name in (rows[0] if rows else {})]
    if sys.stdout.isatty() and not markdown:
        _draw(columns, rows)
    else:
        _write(table_text(columns, rows, markdown=markdown))
    _tell_rest(data, len(rows))


def _draw(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    from rich.console import JustifyMethod
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        justify: JustifyMethod = "right" if column.right else "left"
        # Names are there to be copied: they stay whole, other cells fold.
        table.add_column(column.title, justify=justify, no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_styled(Text, column.text(row)) for column in columns))
    console().print(table)


_STYLES = {
    "succeeded": "green", "ready": "green", "running": "cyan", "queued": "dim", "ok": "green",
    "failed": "red", "error": "red", "lost": "red", "partial": "yellow", "interrupted": "yellow",
    "warning": "yellow", "degraded": "yellow", "invalid": "red", "valid": "green",
}  # fmt: skip


def _styled(kind: Any, text: str) -> Any:
    return kind(text, style=_STYLES.get(text.lower(), ""))


def _tell_rest(data: Any, shown: int) -> None:
    total = data.get("total", shown) if isinstance(data, dict) else shown
    if isinstance(total, int) and total > shown:
        sys.stderr.write(f"{shown} of {total} shown; --page and --page-size show others\n")


def _aligned(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> str:
    titles = [column.title for column in columns]
    widths = [max(len(line[index]) for line in [titles, *cells]) for index in range(len(columns))]
    lines = []
    for line in [titles, *cells]:
        padded = (
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _markdown(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> str:
    head = "| " + " | ".join(column.title for column in columns) + " |"
    rule = "|" + "|".join("---:" if column.right else "---" for column in columns) + "|"
    body = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in cells]
    return "\n".join([head, rule, *body])


def _rows(data: Any) -> list[Row]:
    if isinstance(data, dict):
        items = data.get("items")
        return items if isinstance(items, list) else [data]
    return data if isinstance(data, list) else [{"value": data}]


def _column(item: Column | str) -> Column:
    return item if isinstance(item, Column) else Column(item.split(".")[-1].upper(), item)


def _at(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def _plain(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)) and all(not isinstance(item, dict) for item in value):
        return ", ".join(str(item) for item in value)
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value).decode()
    return str(value)


def _name(row: Row) -> str:
    return str(row.get("name") or row.get("id") or "")


def _yaml(data: Any) -> str:
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))


def _write(text: str) -> None:
    if text:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()
