"""`Sessions`: logs that are streamed and shells that are open, as MeshSync's clients ask for them.

A session is named by what it is about: `logs.NAMESPACE.POD.CONTAINER`, and for a shell
`exec.NAMESPACE.POD.CONTAINER.ID`. To ask for one that runs already begins nothing; `stop` ends it.
What goes wrong is told to the client, where MeshSync itself only logs it.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any, Literal

import msgspec

from meshery.core.bus import Bus
from meshery.core.errors import InvalidInputError, LimitError, MesheryError
from meshery.core.telemetry import get_logger
from meshery.discovery.watch import wire
from meshery.kube.client import KubeClient
from meshery.kube.streams import logs
from meshery.kube.terminal import Terminal, terminal

MOST = 64
"""Sessions at once: each holds a connection to the API server."""
LOG_BYTES = 2000
SHELL_BYTES = 1024
IDLE_S = 1800.0
"""A shell in which nothing is typed or printed for so long is closed: its client is gone."""
LIST_S = 10.0
SHELL = ("/bin/sh",)

_log = get_logger("discovery.sessions")


class _Asked(msgspec.Struct, frozen=True):
    """One session of a request: field names are MeshSync's own."""

    id: str = ""
    name: str = ""
    namespace: str = ""
    container: str = ""
    follow: bool = False
    previous: bool = False
    taillines: int = 0
    stop: bool = False

    def session(self, kind: Literal["logs", "exec"]) -> str:
        """Its name; that of a shell is a subject, if it is one."""
        parts = [kind, self.namespace, self.name, self.container]
        return ".".join(parts if kind == "logs" else [*parts, self.id])

    def told(self, text: str) -> dict[str, str]:
        """The object that tells a part of its log."""
        parts = {"id": self.id, "data": text, "primary": self.name}
        return {**parts, "secondary": self.container}


class Sessions:
    """All sessions of one cluster; `close` ends them."""

    def __init__(self, client: KubeClient, bus: Bus) -> None:
        self._client = client
        self._bus = bus
        self._running: dict[str, asyncio.Task[None]] = {}
        self._list: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def log_stream(self, payload: Any) -> None:
        """`log-stream`: begin or end streams of logs. InvalidInputError for another payload."""
        for asked in _read(payload):
            name = asked.session("logs")
            try:
                await self._switch(name, asked, self._stream(name, asked))
            except LimitError as error:
                await self._tell_no_log(name, asked, error)

    async def exec_request(self, payload: Any) -> None:
        """`exec-request`: open or close shells. InvalidInputError for another payload."""
        for asked in _read(payload):
            name = asked.session("exec")
            if not wire.is_subject(name):
                await self._tell_no_shell(wire.SUBJECT_SESSIONS, _no_name(name))
                continue
            try:
                await self._switch(name, asked, self._shell(name, asked))
            except LimitError as error:
                await self._tell_no_shell(name, error)

    async def active_exec(self, _payload: Any) -> None:
        """`active-exec`: tell the sessions every ten seconds from now on, and when they change."""
        self._changed.set()
        if self._list is None:
            self._list = asyncio.create_task(self._tell_list(), name="meshsync-sessions")

    async def close(self) -> None:
        """End all of them."""
        tasks = [*self._running.values(), *([self._list] if self._list else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _switch(self, name: str, asked: _Asked, work: Coroutine[Any, Any, None]) -> None:
        task = self._running.get(name)
        if asked.stop or task is not None:
            work.close()
            if asked.stop and task is not None:
                task.cancel()
                await asyncio.wait({task})
            return
        if len(self._running) >= MOST:
            work.close()
            raise LimitError(f"{MOST} sessions run already", remedy="stop some of them")
        task = asyncio.create_task(work, name=name)
        self._running[name] = task
        task.add_done_callback(lambda _: self._ended(name))
        self._changed.set()

    def _ended(self, name: str) -> None:
        self._running.pop(name, None)
        self._changed.set()

    async def _stream(self, name: str, asked: _Asked) -> None:
        try:
            async with logs(
                self._client,
                asked.name,
                namespace=asked.namespace,
                container=asked.container,
                follow=asked.follow,
                previous=asked.previous,
                tail_lines=asked.taillines or None,
                timestamps=True,
            ) as lines:
                async for line in lines:
                    for part in pieces(line + b"\n", LOG_BYTES):
                        found = asked.told(part)
                        await self._tell(wire.SUBJECT_LOGS, "log-stream", found, "ADDED")
        except MesheryError as error:
            await self._tell_no_log(name, asked, error)

    async def _shell(self, name: str, asked: _Asked) -> None:
        try:
            async with (
                self._bus.listen(f"input.{name}") as typed,
                terminal(
                    self._client,
                    asked.name,
                    SHELL,
                    namespace=asked.namespace,
                    container=asked.container,
                ) as shell,
            ):
                idle = _Idle()
                typing = asyncio.create_task(_type(typed, shell, idle), name=f"input.{name}")
                try:
                    async with asyncio.timeout(None) as limit:
                        idle.limit = limit
                        idle.again()
                        await self._print(name, shell, idle)
                finally:
                    typing.cancel()
                    await asyncio.gather(typing, return_exceptions=True)
        except TimeoutError:
            await self._tell(name, "error", f"closed: nothing happened for {IDLE_S:g} s")
        except MesheryError as error:
            await self._tell_no_shell(name, error)

    async def _print(self, name: str, shell: Terminal, idle: "_Idle") -> None:
        async for data in shell.output():
            idle.again()
            for part in pieces(data, SHELL_BYTES):
                await self._tell(name, "exec-output", part)

    async def _tell_list(self) -> None:
        while True:
            self._changed.clear()
            await self._tell(wire.SUBJECT_SESSIONS, "active-exec", sorted(self._running))
            with suppress(TimeoutError):
                async with asyncio.timeout(LIST_S):
                    await self._changed.wait()

    async def _tell_no_log(self, name: str, asked: _Asked, error: MesheryError) -> None:
        _log.info("meshsync.no_log", session=name, what=error.what)
        await self._tell(wire.SUBJECT_LOGS, "error", asked.told(error.what), "ERROR")

    async def _tell_no_shell(self, subject: str, error: MesheryError) -> None:
        _log.info("meshsync.no_shell", subject=subject, what=error.what)
        await self._tell(subject, "error", error.what)

    async def _tell(self, subject: str, kind: str, found: Any, event: str = "") -> None:
        message = wire.Envelope(object_type=kind, event_type=event, object=found)
        await self._bus.notify(subject, msgspec.json.encode(message))


class _Idle:
    """Moves the end of an idle shell on whenever something happens."""

    limit: asyncio.Timeout

    def again(self) -> None:
        self.limit.reschedule(asyncio.get_running_loop().time() + IDLE_S)


async def _type(typed: Any, shell: Terminal, idle: _Idle) -> None:
    async for message in typed:
        try:
            found = wire.decode(message.data)
        except msgspec.MsgspecError:
            continue
        if found.object_type == "exec-input" and isinstance(found.object, str):
            idle.again()
            await shell.write(f"{found.object}\n".encode())


def _read(payload: Any) -> list[_Asked]:
    """A map of any keys to what is asked for."""
    try:
        return list(msgspec.convert(payload, dict[str, _Asked]).values())
    except msgspec.ValidationError as error:
        raise InvalidInputError("the request names no sessions", cause=str(error)) from error


def _no_name(name: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name!r:.200} cannot be a session",
        cause="namespace, name, container and id must be given, without spaces and stars",
    )


def pieces(data: bytes, size: int) -> Iterator[str]:
    """Text in parts of at most `size` bytes; no letter is cut in two."""
    start = 0
    while start < len(data):
        end = min(start + size, len(data))
        while end < len(data) and end > start + 1 and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end].decode("utf-8", "replace")
        start = end
