"""One operation as it goes: state, progress, steps, outcome, parts, events; and its cancel."""

from datetime import UTC, datetime

import msgspec

from meshery.core.page import PageQuery
from meshery.operations.events import EventFilter
from meshery.operations.model import Operation, OperationState, Step
from meshery.operations.operation_list import title_of
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.ui.context import PageContext
from meshery.ui.format import ago, rate, seconds
from meshery.ui.page import Notice
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.error_panel import error_words
from meshery.ui.widgets.event_list import EventList
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.panel import fold, panel
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.status_chip import status_chip
from meshery.ui.widgets.step_list import ProgressBar, StepList, StepRow
from meshery.ui.widgets.toast import toast

LONGEST_RESULT = 20_000


class OperationView:
    """The right side of the operations page."""

    def __init__(self, context: PageContext, platform: Platform, operation: Operation) -> None:
        self._context = context
        self._platform = platform
        self._operation = operation
        self._href = f"/operations/{operation.id}"
        self._drawn_state: OperationState | None = None

    async def draw(self) -> None:
        """Draw the operation, and follow it unless it has ended."""
        operation = self._operation
        with panel():
            with tag("div", classes="panel-head"):
                with tag("div", classes="cluster"):
                    tag("h2", title_of(self._platform, operation), "view-title")
                    self._state = tag("span")
                self._actions = tag("div", classes="cluster")
            self._facts = tag("p", "", "secondary")
            self._bar = ProgressBar()
            self._steps = StepList()
        self._outcome = tag("div", classes="stack")
        await self._draw_children()
        with panel("What it said"):
            self._events = EventList("It has not said anything yet.")
        await self._load_events()
        self._show(operation)
        self._context.on_notice(self._hear)
        if not operation.is_final:
            self._context.start("operation", self._watch)

    async def _watch(self) -> None:
        async for operation in self._platform.operations.watch(self._operation.id):
            self._show(operation)

    def _hear(self, notice: Notice) -> None:
        if notice.href == self._href:
            self._events.prepend(notice)

    def _show(self, operation: Operation) -> None:
        self._operation = operation
        self._facts.text = _facts(operation)
        self._steps.show([_step_row(step) for step in operation.steps])
        progress = operation.progress
        self._bar.show(
            0 if operation.is_final else progress.done,
            0 if operation.is_final else progress.total,
            "" if operation.is_final else _progress_words(operation),
        )
        if operation.state is not self._drawn_state:
            self._drawn_state = operation.state
            self._draw_state()
            self._draw_outcome()

    def _draw_state(self) -> None:
        self._state.clear()
        with self._state:
            status_chip(self._operation.state.value)
        self._actions.clear()
        if self._operation.is_final or self._operation.state is OperationState.CANCELLING:
            return
        with self._actions:
            action("Cancel", self._cancel, icon="block", weight="danger")

    def _draw_outcome(self) -> None:
        self._outcome.clear()
        operation = self._operation
        with self._outcome:
            if operation.error:
                error_words(
                    str(operation.error.get("what", "It failed")),
                    cause=str(operation.error.get("cause", "")),
                    remedy=str(operation.error.get("remedy", "")),
                    code=str(operation.error.get("code", "")),
                )
            self._draw_ways(operation)
            if operation.result is not None:
                self._draw_result(operation.result)

    def _draw_ways(self, operation: Operation) -> None:
        """To what it made or changed, once it has ended."""
        if not operation.is_final:
            return
        result_id = str((operation.result or {}).get("result_id", ""))
        subject = operation.subject
        with tag("div", classes="cluster"):
            if href := self._context.place_of("result", result_id):
                link_action("Open the result", href, icon="insights", weight="primary")
            if href := self._context.place_of(subject.kind, subject.id):
                link_action(f"Open {subject.kind} {subject.name}", href, icon="open_in_new")

    def _draw_result(self, result: dict[str, object]) -> None:
        text = msgspec.json.format(msgspec.json.encode(result), indent=2).decode()
        note = "" if len(text) <= LONGEST_RESULT else "shortened; the API has the whole"
        with fold("Result document", note):
            code_block(text[:LONGEST_RESULT], label="Result document")

    async def _draw_children(self) -> None:
        children = await self._platform.operations.list(
            PageQuery(page_size=50, order="created_at"),
            only=OperationFilter(parent_id=self._operation.id),
        )
        if self._operation.parent_id:
            tag("a", "Part of a larger operation", href=f"/operations/{self._operation.parent_id}")
        if not children.items:
            return
        with panel("Its parts"):
            plain_table(
                ("Part", "State", "Took"),
                [
                    [
                        Cell(title_of(self._platform, one), f"/operations/{one.id}"),
                        one.state.value,
                        _took(one.started_at, one.ended_at),
                    ]
                    for one in children.items
                ],
                numbers=(2,),
                label="Parts of this operation",
            )

    async def _load_events(self) -> None:
        page = await self._platform.events.list(
            PageQuery(page_size=100, order="-at"),
            only=EventFilter(operation_id=self._operation.id),
        )
        self._events.show(
            [Notice(event.at, event.severity, event.text, event.category) for event in page.items]
        )

    async def _cancel(self) -> None:
        operation = self._operation
        if await confirm(
            f"Cancel “{title_of(self._platform, operation)}”?",
            goes="the work under way; finished steps are undone where its kind undoes them",
            stays="what was stored before, and this record",
            verb="Cancel it",
        ):
            await self._platform.operations.cancel(operation.id, actor=self._context.actor)
            toast("Cancelling")


def _facts(operation: Operation) -> str:
    words = [f"by {operation.actor}", ago(operation.created_at), operation.kind]
    if operation.started_at:
        words.append(f"{_took(operation.started_at, operation.ended_at)} in all")
    return ", ".join(words)


def _progress_words(operation: Operation) -> str:
    progress = operation.progress
    if progress.message:
        return progress.message
    if progress.total > 0:
        return f"{rate(progress.done)} of {rate(progress.total)} {progress.unit}".strip()
    return "waiting for a worker" if operation.state is OperationState.QUEUED else ""


def _step_row(step: Step) -> StepRow:
    took = _took(step.started_at, step.ended_at) if step.ended_at else ""
    line = f"attempt {step.attempt}" if step.attempt > 1 else ""
    return StepRow(step.name.replace("_", " "), step.state.value, took, line)


def _took(started_at: datetime | None, ended_at: datetime | None) -> str:
    if started_at is None:
        return ""
    return seconds(((ended_at or datetime.now(UTC)) - started_at).total_seconds())
