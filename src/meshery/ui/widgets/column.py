"""Columns of tables whose rows are data: how each kind of cell is drawn, and heads that take keys.

Vue escapes what stands in a row, so nothing of it can become markup.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui

from meshery.ui.widgets.status_chip import TONES

Kind = Literal["text", "link", "state", "number", "code", "time", "pair", "meter", "labels"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: `name` is the key in the rows, and the order field where `sortable`.

    A `link` cell is `[text, href]`, a `state` cell the state's name, a `time` cell
    `[words, exact]`, a `pair` cell `[text, href, small print, tone]`, a `meter` cell
    `[share of one or None, words]`, a `labels` cell a list of links with at most a few shown.
    """

    name: str
    label: str
    kind: Kind = "text"
    sortable: bool = False


def dress(table: ui.table, columns: Sequence[Column]) -> None:
    """Give a table the cells and heads of its columns."""
    for column in columns:
        if template := _TEMPLATES.get(column.kind):
            table.add_slot(f"body-cell-{column.name}", template)
        if column.sortable:
            table.add_slot(f"header-cell-{column.name}", _SORTED_HEAD)


def quasar_column(column: Column) -> dict[str, Any]:
    """A column as the table element wants it."""
    return {
        "name": column.name,
        "label": column.label,
        "field": column.name,
        "sortable": column.sortable,
        "align": "right" if column.kind == "number" else "left",
        "classes": _CLASSES.get(column.kind, ""),
    }


_CLASSES: dict[str, str] = {
    "number": "number",
    "code": "code",
    "time": "secondary nowrap",
    "pair": "pair",
    "labels": "labels",
    "link": "link",
}

# The head's own click sorts; a button in it brings the keys along.
_SORTED_HEAD = (
    '<q-th :props="props"><button type="button" class="sorter">'
    "{{ props.col.label }}</button></q-th>"
)


def _state_template() -> str:
    table = json.dumps({state: list(look) for state, look in TONES.items()}).replace('"', "'")
    look = f"({table}[props.value] || ['quiet', 'circle'])"
    return (
        f'<q-td :props="props"><span v-if="props.value" :class="\'status-chip \' + {look}[0]">'
        f'<q-icon :name="{look}[1]" aria-hidden="true" />'
        "<span>{{ props.value.replaceAll('-', ' ') }}</span></span></q-td>"
    )


_TEMPLATES: dict[str, str] = {
    "link": (
        '<q-td :props="props"><a v-if="props.value && props.value[1]" :href="props.value[1]">'
        '{{ props.value[0] }}</a><span v-else-if="props.value">{{ props.value[0] }}</span></q-td>'
    ),
    "time": (
        '<q-td :props="props"><time v-if="props.value" :title="props.value[1]">'
        "{{ props.value[0] }}</time></q-td>"
    ),
    "code": '<q-td :props="props"><code>{{ props.value }}</code></q-td>',
    "state": _state_template(),
    "pair": (
        '<q-td :props="props"><template v-if="props.value">'
        '<a v-if="props.value[1]" :href="props.value[1]">{{ props.value[0] }}</a>'
        '<span v-else :class="props.value[3]">{{ props.value[0] }}</span>'
        '<span v-if="props.value[2]" class="cell-note">{{ props.value[2] }}</span>'
        "</template></q-td>"
    ),
    "meter": (
        '<q-td :props="props"><div v-if="props.value" class="meter">'
        '<div v-if="props.value[0] !== null" class="track" aria-hidden="true">'
        '<div class="fill" :style="{width: 100 * props.value[0] + \'%\'}"></div></div>'
        "<span>{{ props.value[1] }}</span></div></q-td>"
    ),
    "labels": (
        '<q-td :props="props"><a v-for="label in props.value.slice(0, 2)" class="label"'
        ' :href="label[1]" :title="label[0]">{{ label[0] }}</a>'
        '<span v-if="props.value.length > 2" class="secondary"'
        " :title=\"props.value.slice(2).map(label => label[0]).join('\\n')\">"
        "+{{ props.value.length - 2 }}</span></q-td>"
    ),
}
