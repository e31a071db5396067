"""Kinds of work for tests. They leave marks in a file, so that tests see what really ran."""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Any

from meshery.core.errors import UnsupportedError
from meshery.operations.model import OwnerLoss, Subject, WorkKind
from meshery.operations.run import Decision, Run

SUBJECT = Subject("test", "t1", "test")


def mark(run: Run, word: str) -> None:
    """Append a word to the file that the input names; one write, so lines stay whole."""
    line = f"{word} {os.getpid()}\n".encode()
    file = os.open(run.input["marks"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def marks(file: Path | str) -> list[str]:
    """The words marked so far."""
    path = Path(file)
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


async def _steps(run: Run) -> dict[str, Any]:
    """`count` steps; each marks its begin and end, and takes `pause_s`. Waits in step `hold`."""

    async def work(number: int) -> int:
        mark(run, f"begin-{number}")
        await _pause(run, number)
        mark(run, f"end-{number}")
        return number * 10

    results = []
    total = run.input.get("count", 3)
    for number in range(total):
        results.append(await run.step(f"step-{number}", partial(work, number)))
        await run.progress(number + 1, total, unit="steps", message=f"did {number}")
    return {"results": results}


async def _pause(run: Run, number: int) -> None:
    if run.input.get("hold") == number:
        mark(run, "holding")
        while not os.path.exists(run.input["hold_file"]):  # noqa: ASYNC110, ASYNC240, PTH110
            await asyncio.sleep(0.02)
    await asyncio.sleep(run.input.get("pause_s", 0.0))


async def _branches(run: Run) -> dict[str, Any]:
    """a, then b and c side by side, then d; `slow` names the branch that holds."""

    async def work(name: str) -> str:
        mark(run, f"begin-{name}")
        if run.input.get("slow") == name:
            await _pause(run, run.input["hold"])
        mark(run, f"end-{name}")
        return name.upper()

    first = await run.step("a", lambda: work("a"))
    async with asyncio.TaskGroup() as group:
        b = group.create_task(run.step("b", lambda: work("b")))
        c = group.create_task(run.step("c", lambda: work("c")))
    last = await run.step("d", lambda: work("d"))
    return {"order": [first, b.result(), c.result(), last]}


async def _hold(run: Run) -> dict[str, Any]:
    """Holds until cancelled; marks its cleanup."""
    mark(run, "begin")
    try:
        await _pause(run, run.input["hold"])
    finally:
        mark(run, "cleanup")
        await asyncio.sleep(0.05)
        mark(run, "clean")
        if run.input.get("broken"):
            raise UnsupportedError("it cannot be taken away")
    return {"held": True}


async def _fail(run: Run) -> dict[str, Any]:
    async def work() -> None:
        if run.input.get("odd"):
            raise ZeroDivisionError("odd")
        raise UnsupportedError("this cannot work", cause="it is a test", remedy="do not try")

    await run.step("fails", work)
    return {}


async def _block(run: Run) -> dict[str, Any]:
    """Blocks the worker's loop, as a step that computes does."""
    import time

    async def work() -> None:
        mark(run, "begin")
        time.sleep(run.input["block_s"])  # noqa: ASYNC251 - that is the point
        mark(run, "end")

    await run.step("blocks", work)
    return {}


async def _parent(run: Run) -> dict[str, Any]:
    """Starts the children of its input and waits for all; `resume` is its decision on loss."""

    async def decide(_child: Any) -> Decision:
        mark(run, "decided")
        return Decision.RESUME if run.input.get("resume") else Decision.GIVE_UP

    states = {}
    for key, (kind, document) in run.input["children"].items():
        child = await run.child(kind, subject=SUBJECT, input=document, key=key)
        ended = await run.wait(child.id, decide=decide)
        states[key] = ended.state.value
    return {"children": states}


async def _heavy(run: Run) -> dict[str, Any]:
    """Steps with results of 200 kB, so that the database must grow."""

    async def work(number: int) -> str:
        mark(run, f"end-{number}")
        return "x" * 200_000

    for number in range(4):
        await run.step(f"step-{number}", partial(work, number))
        await asyncio.sleep(0.1)
    return {}


async def _echo(run: Run) -> dict[str, Any]:
    return {"input": run.input, "text": "x" * run.input.get("size", 0)}


KINDS = {
    kind.name: kind
    for kind in (
        WorkKind("test.steps", _steps, OwnerLoss.RESUME, title="Steps"),
        WorkKind("test.branches", _branches, OwnerLoss.RESUME),
        WorkKind("test.once", _steps, OwnerLoss.INTERRUPT),
        WorkKind("test.ask", _steps, OwnerLoss.ASK),
        WorkKind("test.hold", _hold, OwnerLoss.RESUME),
        WorkKind("test.fail", _fail, OwnerLoss.RESUME, title="Failing"),
        WorkKind("test.block", _block, OwnerLoss.RESUME),
        WorkKind("test.parent", _parent, OwnerLoss.RESUME, title="Parent"),
        WorkKind("test.short", _hold, OwnerLoss.RESUME, timeout_s=0.3),
        WorkKind("test.bound", _echo, OwnerLoss.RESUME, host_bound=True),
        WorkKind("test.heavy", _heavy, OwnerLoss.RESUME),
        WorkKind("test.echo", _echo, OwnerLoss.RESUME),
    )
}
