"""The settings page: each setting's value, where it comes from and what it means; and the parts."""

from itertools import groupby

from nicegui import ui

from meshery.client.public import public_rows
from meshery.core.settings import SettingRow
from meshery.server.components import Component, components
from meshery.server.state import ServerState
from meshery.ui.context import PageContext
from meshery.ui.format import plural
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.status_chip import status_chip

_TONES = {"ok": "ready", "degraded": "degraded", "failed": "failed"}


async def settings_page(context: PageContext) -> None:
    """Value, origin, meaning; changed in the file, the environment, or by flags."""
    state: ServerState = context.app.state.server
    rows = public_rows(state.loaded)
    page_header("Settings")
    changed = [row for row in rows if row.origin != "default"]
    home = state.loaded.settings.home_path
    sentence(
        [
            ("strong", plural(len(changed), "setting")),
            f" of {len(rows)} {'is' if len(changed) == 1 else 'are'} not at the default. ",
            "They are read when the server starts, from ",
            ("strong", str(home / "settings.yaml")),
            ", then the environment, then flags; the later wins.",
        ]
    )
    _draw_components(await components(context.state, state.parts))
    with tag("div", classes="table-tools"):
        field = ui.input(placeholder="Find settings", on_change=lambda change: show(change.value))
        field.props('borderless dense clearable debounce=150 aria-label="Find settings"')
    groups = tag("div", classes="stack")

    def show(words: str | None) -> None:
        groups.clear()
        with groups:
            _draw_groups([row for row in rows if _matches(row, words or "")])

    show("")


def _draw_components(found: list[Component]) -> None:
    with panel("Parts of the server", "each was asked when this page was opened"):
        for component in found:
            with tag("div", classes="fact"):
                with tag("span", classes="fact-state"):
                    status_chip(_TONES.get(component.state, ""), label=component.state)
                tag("span", component.name, "fact-name")
                words = ". ".join(word for word in (component.detail, component.remedy) if word)
                tag("span", words, "secondary")


def _draw_groups(rows: list[SettingRow]) -> None:
    if not rows:
        tag("p", "No setting is called so.", "secondary")
    for name, group in groupby(rows, key=_group):
        with panel(name, classes="settings"):
            plain_table(
                ("Setting", "Value", "Origin", "Meaning"),
                [_cells(row) for row in group],
                label=name,
            )


def _group(row: SettingRow) -> str:
    first, dot, _ = row.name.partition(".")
    return first.capitalize() if dot else "General"


def _cells(row: SettingRow) -> list[str | Cell]:
    origin, _, place = row.origin.partition(" ")
    return [
        Cell(row.name, classes="code wrap", note=row.environment),
        Cell(_written(row.value), classes="code wrap"),
        Cell(origin, classes="wrap" if origin == "default" else "wrap strong", note=place),
        Cell(row.meaning, classes="wrap meaning"),
    ]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value) if value not in ("", None) else "not set"


def _matches(row: SettingRow, words: str) -> bool:
    text = f"{row.name} {row.meaning} {row.environment}".lower()
    return words.lower().strip() in text
