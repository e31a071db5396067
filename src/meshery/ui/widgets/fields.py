"""Fields of forms: text, numbers, choices and switches in one look, each with its unit and hint."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from nicegui import ui

Field = TypeVar("Field", bound=ui.element)
Choices = Sequence[str] | Mapping[str, str]
_LOOK = "outlined dense hide-bottom-space"


def text_field(label: str, value: str = "", *, hint: str = "", suffix: str = "") -> ui.input:
    """A line of text."""
    return _dress(ui.input(label, value=value), hint=hint, suffix=suffix)


def number_field(
    label: str,
    value: float | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    hint: str = "",
    suffix: str = "",
) -> ui.number:
    """A number within its bounds; `suffix` is the unit."""
    return _dress(ui.number(label, value=value, min=low, max=high), hint=hint, suffix=suffix)


def choice_field(
    label: str, choices: Choices, value: str | None = None, *, hint: str = ""
) -> ui.select:
    """One of a few; `choices` are words, or value to words."""
    options: list[str] | dict[str, str] = (
        dict(choices) if isinstance(choices, Mapping) else list(choices)
    )
    known = value if value in options else next(iter(options), None)
    field = ui.select(options, label=label, value=known)
    field.props("options-dense")
    return _dress(field, hint=hint)


def text_area(label: str, value: str = "", *, hint: str = "") -> ui.textarea:
    """Several lines, in monospace."""
    field = _dress(ui.textarea(label, value=value), hint=hint)
    field.props("autogrow input-class=code spellcheck=false")
    return field


def switch(label: str, *, value: bool = False) -> ui.checkbox:
    """Yes or no."""
    return ui.checkbox(label, value=value).props("dense")


def _dress(field: Field, *, hint: str = "", suffix: str = "") -> Field:
    field.props(_LOOK).classes("field")
    if hint:
        field.props["hint"] = hint
    if suffix:
        field.props["suffix"] = suffix
    return field
