"""What a page is given: the server's state, its address, and tasks that end with its reader."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from nicegui import Client, background_tasks, ui

from meshery.core.errors import MesheryError

Work = Callable[[], Awaitable[object]]


@dataclass
class PageContext:
    """One visit of one page by one browser tab.

    `state` is the server's platform, `app` the application that serves the page. Tasks begun here
    start when the tab has connected and are cancelled when it is gone.
    """

    state: Any
    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    actor: str
    client: Client
    app: FastAPI
    places: Mapping[str, str] = field(default_factory=dict)
    _work: list[tuple[str, Work]] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _connected: bool = False
    _listeners: list[Callable[[Any], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Tie the tasks to the tab: one start, one end."""
        self.client.on_connect(self._start)
        self.client.on_delete(self._end)

    def place_of(self, kind: str, name: str) -> str:
        """The address of the page that shows the thing `name` of a kind; empty without one."""
        route = self.places.get(kind, "")
        return re.sub(r"\{\w+\}", quote(name, safe=""), route) if name else ""

    def start(self, name: str, work: Work) -> None:
        """Run `work` from the moment the tab is connected until it is done or the tab is gone."""
        if self._connected:
            self._spawn(name, work)
        else:
            self._work.append((name, work))

    def every(self, period_s: float, work: Work, *, name: str = "refresh") -> None:
        """Run `work` now and `period_s` after each end; less often while a part is away."""
        self.start(name, lambda: _repeat(period_s, work))

    def on_notice(self, hear: Callable[[Any], None]) -> None:
        """Hear every notice that reaches this tab; one subscription serves all listeners."""
        self._listeners.append(hear)

    def tell(self, notice: Any) -> None:
        """Pass one notice to the page's listeners."""
        for hear in self._listeners:
            hear(notice)

    def _start(self) -> None:
        if self._connected:
            return
        self._connected = True
        for name, work in self._work:
            self._spawn(name, work)
        self._work.clear()

    def _spawn(self, name: str, work: Work) -> None:
        async def run() -> None:
            with self.client:
                await work()

        task = background_tasks.create(run(), name=f"{self.route}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


async def _repeat(period_s: float, work: Work) -> None:
    pause_s = period_s
    while True:
        try:
            await work()
            pause_s = period_s
        except MesheryError:
            # The part that is away tells of it by itself (events, parts): here only patience.
            pause_s = min(pause_s * 2, 30.0)
        await asyncio.sleep(pause_s)


def guarded(
    action: Callable[[], Coroutine[Any, Any, None]],
) -> Callable[[], Coroutine[Any, Any, None]]:
    """A click handler that tells a `MesheryError` to the reader instead of losing it in the log.

    What it draws, such as a question, belongs to the page: the button may be drawn anew meanwhile.
    """

    async def run() -> None:
        from meshery.ui.widgets.toast import toast_error

        with ui.context.client.content:
            try:
                await action()
            except MesheryError as error:
                toast_error(error)

    return run
