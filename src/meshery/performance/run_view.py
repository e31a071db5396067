"""A run as it goes: what is measured, a point each second and arm, counters, and cancel."""

from collections import defaultdict

from nicegui import ui

from meshery.operations.model import Operation
from meshery.operations.platform import Platform
from meshery.performance.arm_names import arm_name
from meshery.performance.live import LiveSecond, follow_seconds
from meshery.ui.context import PageContext
from meshery.ui.format import microseconds, rate, seconds, whole
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.error_panel import error_words
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.panel import panel
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.step_list import ProgressBar
from meshery.ui.widgets.tile import Tile, tiles
from meshery.ui.widgets.timeline_chart import TimelineChart
from meshery.ui.widgets.toast import toast

_KEPT_SECONDS = 3600


class RunView:
    """One run; the picture starts anew with each phase, since each phase is its own measurement."""

    def __init__(self, context: PageContext, platform: Platform, operation: Operation) -> None:
        self._context = context
        self._platform = platform
        self._operation = operation
        self._phase: tuple[str, str, float] | None = None
        self._last_second = -1
        self._chart: TimelineChart | None = None
        self._requests: defaultdict[str, int] = defaultdict(int)
        self._errors = 0

    def draw(self, actions: Tag) -> None:
        """Draw it, `actions` being the place for buttons, and follow it to its end."""
        with actions:
            self._cancel_button = action("Cancel", self._cancel, icon="block", weight="danger")
        self._words = sentence(["Waiting for the first second."])
        self._bar = ProgressBar()
        self._outcome = tag("div", classes="stack")
        with tiles():
            self._rate = Tile("Offered rate of each arm", "-", "requests per second")
            self._count = Tile("Requests", "-", "answered so far")
            self._failed = Tile("Errors", "-")
            self._latest = Tile("p99, last second", "-")
        with panel("p99 by second", "corrected for coordinated omission"):
            self._place = tag("div", classes="chart-place")
            with self._place:
                tag("p", "The picture begins with the first measured second.", "secondary")
        self._show(self._operation)
        if not self._operation.is_final:
            self._context.start("seconds", self._follow_seconds)
            self._context.start("operation", self._follow_operation)

    async def _follow_seconds(self) -> None:
        async with follow_seconds(self._platform.bus, self._operation.id) as stream:
            async for second in stream:
                self._add(second)

    async def _follow_operation(self) -> None:
        async for operation in self._platform.operations.watch(self._operation.id):
            self._show(operation)

    def _add(self, second: LiveSecond) -> None:
        phase = (second.phase, second.label, second.rate_rps)
        if phase != self._phase or second.second < self._last_second:
            self._phase = phase
            self._begin(second)
        self._last_second = second.second
        chart = self._chart
        if chart is None or not second.arms:
            return
        for key, arm in second.arms.items():
            self._requests[key] += arm.requests
            self._errors += arm.errors
            if second.second < _KEPT_SECONDS:
                chart.add(key, second.second + 1, arm.p99_us)
        chart.flush()
        self._rate.set(rate(second.rate_rps))
        by_arm = ", ".join(f"{arm_name(key)} {whole(n)}" for key, n in self._requests.items())
        self._count.set(whole(sum(self._requests.values())), by_arm)
        self._failed.set(whole(self._errors))
        worst = max(second.arms, key=lambda key: second.arms[key].p99_us)
        self._latest.set(
            microseconds(second.arms[worst].p99_us), f"highest of all arms: {arm_name(worst)}"
        )

    def _begin(self, second: LiveSecond) -> None:
        self._requests.clear()
        self._errors = 0
        self._place.clear()
        names = {key: arm_name(key) for key in second.arms}
        self._chart = TimelineChart(
            names, height_px=300, duration_s=second.duration_s or None, logarithmic=True
        )
        with self._place:
            self._chart.draw()
        self._say(_phase_words(second))

    def _say(self, words: str) -> None:
        self._words.clear()
        with self._words:
            tag("span", words)

    def _show(self, operation: Operation) -> None:
        self._operation = operation
        progress = operation.progress
        if not operation.is_final:
            self._bar.show(progress.done, progress.total, progress.message or operation.state.value)
            return
        self._bar.show(0, 0, "")
        self._cancel_button.set_visibility(False)
        self._finish(operation)

    def _finish(self, operation: Operation) -> None:
        result_id = str((operation.result or {}).get("result_id", ""))
        self._say(f"This run has ended: {operation.state.value}.")
        self._outcome.clear()
        with self._outcome:
            if operation.error:
                error_words(
                    str(operation.error.get("what", "It failed")),
                    cause=str(operation.error.get("cause", "")),
                    remedy=str(operation.error.get("remedy", "")),
                    code=str(operation.error.get("code", "")),
                    operation_href=f"/operations/{operation.id}",
                )
            if result_id:
                with tag("div", classes="cluster"):
                    href = f"/performance/results/{result_id}"
                    link_action("Open the result", href, icon="insights", weight="primary")
        if result_id and self._was_watched:
            # Whoever watched it to its end wants the result next.
            ui.navigate.to(f"/performance/results/{result_id}")

    @property
    def _was_watched(self) -> bool:
        return self._phase is not None

    async def _cancel(self) -> None:
        if await confirm(
            "Cancel this run?",
            goes="what was measured so far",
            stays="earlier results, the sandbox, the profile",
            verb="Cancel the run",
        ):
            actor = self._context.actor
            await self._platform.operations.cancel(self._operation.id, actor=actor)
            toast("Cancelling")


def _phase_words(second: LiveSecond) -> str:
    length = f" for {seconds(second.duration_s)}" if second.duration_s else ""
    load = f"{rate(second.rate_rps)} requests per second in each arm{length}"
    if second.phase == "pilot":
        return f"A short pilot tries {load}, to find a rate that can be measured."
    if second.label:
        return f"Measuring {second.label}: {load}, one arm with it and one without."
    return f"Measuring: {load}. These numbers count."
