"""Asking the supervisor of this host: start, stop, list, signal, watch.

Each request has its own connection, so a client survives the supervisor: when that was replaced,
the next request reaches the new one, and a watch goes on with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from meshery.core.errors import DeadlineError, UnavailableError, error_from_dict
from meshery.processes.model import ProcessEvent, ProcessSpec, ProcessStatus
from meshery.processes.protocol import (
    ENDING,
    Answer,
    Done,
    Failed,
    Happened,
    Hello,
    List,
    Request,
    Signal,
    Start,
    Stop,
    StopGroup,
    Watch,
    encode,
    read_answer,
)

PATIENCE_S = 10.0
"""How long a supervisor may be away, as it is for a moment while it is replaced."""

_ANSWER_S = 60.0
_RETRY_S = 0.05
_AWAY = (ConnectionError, FileNotFoundError, asyncio.IncompleteReadError)

Statuses = list[ProcessStatus]


class SupervisorClient:
    """The supervisor behind `socket_path`.

    Every method raises UnavailableError when no supervisor is there for `patience_s`, and
    DeadlineError when it is there but does not answer.
    """

    def __init__(self, socket_path: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._socket_path = socket_path
        self._patience_s = patience_s
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_closed = False

    async def start(self, spec: ProcessSpec) -> ProcessStatus:
        """Have the process running; the one that runs already if its spec is equal.

        A process of that name with another spec is ended first. InvalidInputError for a spec that
        cannot be started (no such program or directory, not allowed to become that user).
        """
        done = await self._ask(Start(spec))
        return done.statuses[0]

    async def stop(self, name: str, *, grace_s: float | None = None) -> None:
        """End the process with its whole group, and forget it; nothing to do for unknown names.

        SIGTERM, then after `grace_s` (None: the spec's own) SIGKILL. Returns when it is gone.
        """
        await self._ask(Stop(name, grace_s))

    async def stop_group(self, prefix: str) -> int:
        """End everything at or below `prefix` at once; how many there were."""
        done = await self._ask(StopGroup(prefix))
        return done.count

    async def list(self, prefix: str = "") -> Statuses:
        """How everything at or below `prefix` stands, in the order of first starts."""
        done = await self._ask(List(prefix))
        return done.statuses

    async def signal(self, name: str, number: int) -> None:
        """Send a signal to the process (not to its group); NotFoundError when it is not running."""
        await self._ask(Signal(name, number), is_repeatable=False)

    async def watch(
        self, *, prefix: str = "", after: int = 0, epoch: str = ""
    ) -> AsyncIterator[ProcessEvent]:
        """What happened at or below `prefix` after `after`, then what happens, without end.

        The supervisor remembers its latest 512 events. `after` is a `seq` of `epoch`; it counts for
        nothing when another supervisor answers. A watch goes on with a replaced supervisor: events
        of another epoch tell so.
        """
        while True:
            async with self._connection() as (hello, reader, writer):
                if hello.epoch != epoch:
                    after = after if not epoch else 0
                    epoch = hello.epoch
                writer.write(encode(Watch(prefix, epoch, after)))
                with contextlib.suppress(*_AWAY):
                    while True:
                        event = _happened(await read_answer(reader))
                        after = event.seq
                        yield event
            await asyncio.sleep(_RETRY_S)

    async def epoch(self) -> str:
        """The name of the present supervisor's life."""
        async with self._connection() as (hello, _, _):
            return hello.epoch

    async def close(self) -> None:
        """End open watches and requests (UnavailableError there); no new ones are taken."""
        self._is_closed = True
        for writer in tuple(self._writers):
            writer.close()

    async def _ask(self, request: Request, *, is_repeatable: bool = True) -> Done:
        try:
            async with asyncio.timeout(_ANSWER_S):
                while True:
                    try:
                        async with self._connection() as (_, reader, writer):
                            writer.write(encode(request))
                            answer = await read_answer(reader)
                        if not _is_ending(answer):
                            return _done(answer)
                    except _AWAY as error:
                        if not is_repeatable:
                            raise self._away(error) from error
                    await asyncio.sleep(_RETRY_S)
        except TimeoutError as error:
            raise DeadlineError(
                f"the supervisor did not answer within {_ANSWER_S:g} s",
                cause="it is stopped, or the machine is overloaded",
                remedy="look into logs/supervisor.log in Meshery's home; restart the server",
            ) from error

    @asynccontextmanager
    async def _connection(
        self,
    ) -> AsyncIterator[tuple[Hello, asyncio.StreamReader, asyncio.StreamWriter]]:
        hello, reader, writer = await self._connect()
        self._writers.add(writer)
        try:
            yield hello, reader, writer
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _connect(self) -> tuple[Hello, asyncio.StreamReader, asyncio.StreamWriter]:
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while True:
            if self._is_closed:
                raise self._away(ConnectionError("this client is closed"))
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket_path)
            except _AWAY as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise self._away(error) from error
            else:
                try:
                    answer = await read_answer(reader)
                except BaseException as error:
                    writer.close()
                    if not isinstance(error, _AWAY):
                        raise
                else:
                    if isinstance(answer, Hello):
                        return answer, reader, writer
                    writer.close()
            await asyncio.sleep(_RETRY_S)

    def _away(self, error: BaseException) -> UnavailableError:
        return UnavailableError(
            "the supervisor of this host does not answer",
            cause=f"{self._socket_path}: {error}",
            remedy="start Meshery's server (`mesheryctl system start`): it brings its supervisor",
        )


def _is_ending(answer: Answer) -> bool:
    return isinstance(answer, Failed) and answer.error.get("code") == ENDING


def _done(answer: Answer) -> Done:
    if isinstance(answer, Failed):
        raise error_from_dict(answer.error)
    if isinstance(answer, Done):
        return answer
    raise msgspec.ValidationError(f"unexpected answer {type(answer).__name__}")


def _happened(answer: Answer) -> ProcessEvent:
    if isinstance(answer, Happened):
        return answer.event
    raise msgspec.ValidationError(f"unexpected answer {type(answer).__name__}")
