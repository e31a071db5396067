"""The form that applies a behaviour: fields of a kind or the document as text, preview, apply."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import yaml
from nicegui import ui

from meshery.apply.target import Change
from meshery.behaviours.describe import summary_of
from meshery.behaviours.model import Kind
from meshery.core.errors import InvalidInputError, MesheryError, Problem
from meshery.core.yamlfile import parse_yaml
from meshery.sandbox.behaviour_fields import FIELDS, FormField, make_document
from meshery.ui.widgets.action import action
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.fields import choice_field, number_field, text_area, text_field
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.segments import segments

Document = dict[str, Any]
Plan = Callable[[Document], Awaitable[Sequence[Change]]]
Apply = Callable[[Document], Awaitable[None]]
_EVERY_CALLER = "every caller"


class BehaviourForm:
    """One form of one sandbox. `versions` gives each service's versions."""

    def __init__(self, versions: Mapping[str, Sequence[str]], *, plan: Plan, apply: Apply) -> None:
        self._versions = versions
        self._plan = plan
        self._apply = apply
        self._mode: Literal["form", "text"] = "form"
        self._inputs: dict[str, Any] = {}
        self._weights: dict[str, ui.number] = {}

    def draw(self) -> None:
        """Draw the form with its preview below."""
        segments({"form": "Form", "text": "Text"}, self._mode, self._turn)
        self._form: Tag = tag("div", classes="stack")
        self._text_place: Tag = tag("div", classes="stack")
        self._text_place.set_visibility(False)
        with self._form:
            self._draw_form()
        with self._text_place:
            self._text = text_area("Behaviour", hint="YAML or JSON")
        with tag("div", classes="cluster"):
            action("Preview", self._preview, icon="visibility")
            action("Apply", self._submit, icon="check", weight="primary")
        self._answer: Tag = tag("div", classes="stack")

    def _draw_form(self) -> None:
        services = list(self._versions)
        with tag("div", classes="form"):
            self._kind = choice_field("Kind", [kind.value for kind in Kind], Kind.SPLIT.value)
            self._target = choice_field("Service", services, _last_with_versions(self._versions))
            self._source = choice_field("From", [_EVERY_CALLER, *services])
            self._name = text_field("Name", hint="empty: kind and service")
        self._meaning = tag("p", "", "secondary")
        self._fields: Tag = tag("div", classes="form")
        self._kind.on_value_change(self._draw_fields)
        self._target.on_value_change(self._draw_fields)
        self._draw_fields()

    def _draw_fields(self) -> None:
        kind = Kind(str(self._kind.value))
        self._meaning.text = summary_of(kind).replace("`", "")
        self._inputs.clear()
        self._weights.clear()
        self._fields.clear()
        with self._fields:
            for field in FIELDS[kind]:
                self._inputs[field.path] = _draw_field(field)
            if kind is Kind.SPLIT:
                self._draw_weights()

    def _draw_weights(self) -> None:
        versions = self._versions.get(str(self._target.value), ())
        first = 90 if len(versions) == 2 else round(100 / max(len(versions), 1))
        for place, version in enumerate(versions):
            share = first if place == 0 else round((100 - first) / max(len(versions) - 1, 1))
            self._weights[version] = number_field(f"Share of {version}", share, low=0, suffix="%")

    def _turn(self, mode: str) -> None:
        """Text takes over what the form says; going back keeps the form as it was."""
        self._mode = "text" if mode == "text" else "form"
        if self._mode == "text":
            document = yaml.safe_dump(self._from_form(), sort_keys=False, allow_unicode=True)
            self._text.set_value(document)
        self._form.set_visibility(self._mode == "form")
        self._text_place.set_visibility(self._mode == "text")

    def document(self) -> Document:
        """What is filled in. InvalidInputError when the text is no mapping."""
        if self._mode == "form":
            return self._from_form()
        data = parse_yaml(str(self._text.value or ""), source="the field").data
        if not isinstance(data, dict):
            raise InvalidInputError(
                "the text is no behaviour",
                remedy="write a mapping with name, kind, target and params",
                problems=[Problem("", "must be a mapping")],
            )
        return data

    def _from_form(self) -> Document:
        kind, target = Kind(str(self._kind.value)), str(self._target.value)
        source = str(self._source.value)
        return make_document(
            kind,
            name=str(self._name.value or f"{kind.value}-{target}"),
            target=target,
            source="" if source == _EVERY_CALLER else source,
            values={path: field.value for path, field in self._inputs.items()},
            weights={name: float(field.value or 0) for name, field in self._weights.items()},
        )

    async def _preview(self) -> None:
        self._answer.clear()
        try:
            document = self.document()
            changes = await self._plan(document)
        except MesheryError as error:
            with self._answer:
                error_panel(error)
            return
        with self._answer:
            _draw_plan(document, changes)

    async def _submit(self) -> None:
        self._answer.clear()
        try:
            await self._apply(self.document())
        except MesheryError as error:
            with self._answer:
                error_panel(error)


def _draw_field(field: FormField) -> Any:
    if field.type == "choice":
        return choice_field(field.label, field.choices, str(field.value), hint=field.hint)
    if field.type in {"number", "whole"}:
        value = float(field.value) if isinstance(field.value, (int, float)) else None
        return number_field(field.label, value, low=0, hint=field.hint, suffix=field.suffix)
    return text_field(field.label, str(field.value or ""), hint=field.hint, suffix=field.suffix)


def _last_with_versions(versions: Mapping[str, Sequence[str]]) -> str | None:
    several = [name for name, each in versions.items() if len(each) > 1]
    return several[-1] if several else next(iter(versions), None)


def _draw_plan(document: Document, changes: Sequence[Change]) -> None:
    tag("p", "Nothing is changed yet. Applying would do this:", "secondary")
    rows: list[list[str | Cell]] = []
    for change in changes:
        notes = "; ".join(change.notes) or "as it is said"
        name = f"{change.ref.kind} {change.ref.name}"
        rows.append([change.action, name, Cell(notes, classes="wrap")])
        if change.action != "configured":
            continue
        for each in change.differences:
            if not each.path.startswith("spec"):
                continue
            values = f"{_short(each.before)} becomes {_short(each.after)}"
            rows.append(["", Cell(each.path, classes="code"), Cell(values, classes="code wrap")])
    plain_table(("Change", "What", "How"), rows, label="Preview")
    code_block(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), label="Document")


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)[:120]
