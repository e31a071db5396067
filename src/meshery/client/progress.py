"""Following an operation to its end, with its progress on standard error.

On a terminal: a spinner, or a bar where the total is known. In a pipe: a plain line for each step.
Ctrl-C on a terminal asks whether to cancel the operation or leave it to the server; without a
terminal it cancels.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, Self

from meshery.client.http import ServerClient
from meshery.client.terminal import ask, console, is_interactive, say
from meshery.core.durations import format_duration
from meshery.core.errors import (
    CancelledByUserError,
    DeadlineError,
    MesheryError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

Operation = Mapping[str, Any]

ENDED = frozenset({"succeeded", "partial", "failed", "cancelled", "interrupted"})
_LISTEN_S = 5.0
_AGAIN_S = 0.3
_CANCEL_WAIT_S = 15.0
_AWAY_S = 30.0


class Display(Protocol):
    """Shows an operation as it goes."""

    def show(self, operation: Operation) -> None:
        """Draw its present state."""


def follow_operation(
    client: ServerClient,
    operation: Operation,
    *,
    wait: bool = True,
    timeout_s: float | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """The operation at its end, or as it is when `wait` is false.

    OperationFailedError when it failed, was interrupted or is partial; CancelledByUserError when it
    was cancelled; DeadlineError after `timeout_s` seconds (the operation goes on).
    """
    if not wait:
        return dict(operation)
    try:
        with _display(quiet=quiet) as display:
            ended = _until_end(client, str(operation["id"]), display, timeout_s)
    except KeyboardInterrupt:
        ended = _on_interrupt(client, str(operation["id"]))
    raise_unless_succeeded(ended)
    return ended


def raise_unless_succeeded(operation: Operation) -> None:
    """The error of an operation that ended otherwise than well."""
    state = operation["state"]
    if state == "succeeded":
        return
    if state == "cancelled":
        raise CancelledByUserError(
            f"{operation['kind']} was cancelled", cause=f"operation {operation['id']}"
        )
    reported = operation.get("error") or {}
    unsupported = str(reported.get("code", "")).startswith(UnsupportedError.code)
    kind: type[MesheryError] = UnsupportedError if unsupported else OperationFailedError
    raise kind(
        str(reported.get("what") or f"{operation['kind']} ended as {state}"),
        cause=str(reported.get("cause") or ""),
        remedy=str(
            reported.get("remedy") or f"look at `mesheryctl operation view {operation['id']}`"
        ),
        code=str(reported.get("code") or f"meshery.operation_{state}"),
    )


def _until_end(
    client: ServerClient, operation_id: str, display: Display, timeout_s: float | None
) -> dict[str, Any]:
    """The operation at its end. A restarted server takes it up again, so it may be away a while."""
    deadline = time.monotonic() + timeout_s if timeout_s is not None else float("inf")
    answered = time.monotonic()
    path = f"/api/operations/{operation_id}/events"
    while True:
        silence_s = max(0.05, min(_LISTEN_S, deadline - time.monotonic()))
        try:
            for event in client.stream_once(path, silence_s=silence_s):
                operation = event.document()
                answered = time.monotonic()
                display.show(operation)
                if operation["state"] in ENDED:
                    return operation
                if answered > deadline:
                    break
        except UnavailableError:
            if time.monotonic() - answered > _AWAY_S:
                raise
        if timeout_s is not None and time.monotonic() > deadline:
            raise _timed_out(operation_id, timeout_s)
        time.sleep(_AGAIN_S)


def _timed_out(operation_id: str, timeout_s: float) -> DeadlineError:
    return DeadlineError(
        f"operation {operation_id} did not end within {format_duration(timeout_s)}",
        cause="it goes on at the server",
        remedy=f"follow it with `mesheryctl operation watch {operation_id}`, "
        f"or end it with `mesheryctl operation cancel {operation_id}`",
    )


def _on_interrupt(client: ServerClient, operation_id: str) -> dict[str, Any]:
    if is_interactive():
        say("")
        question = "Cancel the operation, or leave it to the server? [c/l]"
        try:
            answer = ask(question, "cl", "c")
        except KeyboardInterrupt:
            answer = "c"
        if answer == "l":
            raise CancelledByUserError(
                f"operation {operation_id} goes on at the server",
                remedy=f"follow it with `mesheryctl operation watch {operation_id}`",
                code="meshery.left_to_server",
                severity="info",
            )
    say(f"cancelling operation {operation_id}")
    client.post(f"/api/operations/{operation_id}/cancel")
    return _until_end(client, operation_id, _Silent(), _CANCEL_WAIT_S)


class Waiting:
    """Something short that may take longer than a second: a spinner, or one line in a pipe."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._started = time.monotonic()
        self._shown = False
        self._spinner: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._spinner is not None:
            self._spinner.stop()

    def tick(self) -> None:
        """Call it while waiting; it shows itself after a second."""
        if self._shown or time.monotonic() - self._started < 1.0:
            return
        self._shown = True
        if is_interactive():
            self._spinner = console(stderr=True).status(self._words)
            self._spinner.start()
        else:
            say(self._words)


class _Silent:
    def show(self, operation: Operation) -> None:
        """Nothing."""


class _Lines:
    """Plain lines for a pipe: one when a step begins or ends, and one each 5 s of progress."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._said = ""
        self._said_at = 0.0

    def show(self, operation: Operation) -> None:
        now = time.monotonic()
        words = _words(operation)
        subject = words if operation["state"] in ENDED else _step(operation) or words
        is_new = subject != self._said
        if now - self._started < 1.0 or (not is_new and now - self._said_at < 5.0):
            return
        self._said, self._said_at = subject, now
        say(f"[{now - self._started:5.1f}s] {operation['kind']}: {words}")


class _Bar:
    """A spinner, and a bar as soon as a total is known."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None)

    def show(self, operation: Operation) -> None:
        progress = operation.get("progress") or {}
        total = progress.get("total") or None
        self._bars.update(
            self._task,
            description=f"{operation['kind']}  {_words(operation)}",
            total=total,
            completed=progress.get("done") or 0,
        )


@contextmanager
def _display(*, quiet: bool) -> Iterator[Display]:
    if quiet:
        yield _Silent()
    elif not is_interactive():
        yield _Lines()
    else:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console(stderr=True), transient=True) as bars:
            yield _Bar(bars)


def _words(operation: Operation) -> str:
    progress = operation.get("progress") or {}
    message = str(progress.get("message") or "")
    step = _step(operation)
    parts = [part for part in (step, message if message != step else "") if part]
    return ": ".join(parts) if parts and operation["state"] not in ENDED else operation["state"]


def _step(operation: Operation) -> str:
    running = [
        step["name"] for step in operation.get("steps") or [] if step.get("state") == "running"
    ]
    return str(running[-1]) if running else ""
