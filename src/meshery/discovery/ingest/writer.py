"""`Writer`: the stream DISCOVERY becomes rows, each message once, in the order of the stream.

How far it came is written in the same transaction as what it read, so a writer that is killed
anywhere goes on where the rows are. Two writers at once hurt nobody: the one whose position was
overtaken notices before it commits. Should messages be gone that were never read (the stream is
kept for a day), or the stream itself be new, whoever watches is asked to tell everything again.
How a watch stood before the writer began is not stored: one that is there still says so soon.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.bus import Bus, Message
from meshery.core.database import Database
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.streams import DISCOVERY_STREAM, SUBJECT_DISCOVERY
from meshery.core.telemetry import counter, get_logger
from meshery.discovery.ingest.batch import Batch
from meshery.discovery.ingest.report import store_report
from meshery.discovery.ingest.tables import discovery_cursor as cursor
from meshery.discovery.model import Report, Seen, Synced, Told, decode

SUBJECT_STORED = "meshery.v1.stored"
"""On plain NATS, after each transaction: there is something new in the rows."""
BATCH = 256
"""Messages in one transaction."""
QUEUE = 1024
COMPARE_S = 30.0
_AGAIN_S = 1.0
_NAME = "ingest"

REFUSALS = (
    SQLAlchemyError, msgspec.MsgspecError, ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip
"""What a message that cannot be stored makes of a batch; an outage is an UnavailableError."""

Stored = Callable[[Sequence[Told]], Awaitable[None]]

_log = get_logger("discovery.ingest")
_stored = counter("discovery_stored", "Messages about watched clusters that became rows")
_refused = counter("discovery_refused", "Messages about watched clusters that could not be stored")


class _OvertakenError(Exception):
    """Another writer stored what this one was about to store."""


class Writer:
    """One writer; `lost` is awaited when messages are gone that were never read."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        lost: Callable[[], Awaitable[None]] | None = None,
        stored: Stored | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._lost = lost
        self._stored = stored
        self._stream = ""
        self._position = 0
        self._last = 0

    async def run(self) -> None:
        """Store until cancelled. Outages of bus and database are waited for."""
        while True:
            try:
                await self._begin()
                await self._work()
            except _OvertakenError:
                _log.info("ingest.overtaken")
            except UnavailableError as error:
                _log.warning("ingest.waits", what=error.what, cause=error.cause)
            await asyncio.sleep(_AGAIN_S)

    async def _begin(self) -> None:
        """Read the position; a new stream is read from its beginning."""
        state = await self._bus.stream_state(DISCOVERY_STREAM)
        self._stream, self._last = state.identity, state.last
        is_new = False
        async with self._database.write() as connection:
            first = self._database.insert(cursor).values(
                name=_NAME, stream=self._stream, position=0
            )
            await connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
            query = select(cursor).where(cursor.c.name == _NAME).with_for_update()
            row = (await connection.execute(query)).one()
            if row.stream != self._stream:
                is_new = True
                await connection.execute(
                    update(cursor)
                    .where(cursor.c.name == _NAME)
                    .values(stream=self._stream, position=0)
                )
            self._position = 0 if is_new else row.position
        if is_new:
            await self._tell_lost("the stream was made anew")

    async def _work(self) -> None:
        queue: asyncio.Queue[Message] = asyncio.Queue(QUEUE)
        reading = asyncio.create_task(self._read(queue), name="ingest-read")
        try:
            await self._store_all(queue, reading)
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _read(self, queue: asyncio.Queue[Message]) -> None:
        messages = self._bus.follow(
            DISCOVERY_STREAM, subject=f"{SUBJECT_DISCOVERY}.>", after=self._position
        )
        async with aclosing(messages):
            async for message in messages:
                await queue.put(message)

    async def _store_all(self, queue: asyncio.Queue[Message], reading: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        compare_at = loop.time() + COMPARE_S
        while True:
            batch = await _next_batch(queue, wait_s=COMPARE_S)
            if batch:
                await self._store(batch)
            if reading.done():
                return reading.result()
            if loop.time() >= compare_at:
                if await self._bus.stream_identity(DISCOVERY_STREAM) != self._stream:
                    return None
                compare_at = loop.time() + COMPARE_S

    async def _store(self, messages: Sequence[Message]) -> None:
        first, last = messages[0].sequence, messages[-1].sequence
        if first <= self._position:  # counted anew: look again from where it begins
            raise _OvertakenError
        gap = first - self._position - 1
        told = [each for message in messages if (each := self._told(message)) is not None]
        try:
            await self._write(told, last)
        except REFUSALS as error:
            _log.warning("ingest.batch_refused", cause=repr(error)[:300])
            await self._write_singly(messages)
        _stored.inc(len(told))
        if gap:
            await self._tell_lost(f"{gap} messages were gone before they were read")
        await self._bus.notify(SUBJECT_STORED, b"")
        if self._stored is not None:
            await self._stored(told)

    async def _write(self, told: Sequence[Told], position: int) -> None:
        async with self._database.write() as connection:
            batch = Batch(connection)
            await batch.load(each for each in told if isinstance(each, Seen))
            for each in told:
                if isinstance(each, Seen):
                    batch.apply(each)
                elif isinstance(each, Synced):
                    await batch.write()
                    await batch.settle(each)
                else:
                    await store_report(connection, each)
            await batch.write()
            await self._advance(connection, position)
        self._position = position

    def _told(self, message: Message) -> Told | None:
        told = _decoded(message)
        return None if isinstance(told, Report) and message.sequence <= self._last else told

    async def _write_singly(self, messages: Sequence[Message]) -> None:
        """One bad message must not keep all others from being stored."""
        for message in messages:
            told = self._told(message)
            try:
                await self._write([told] if told is not None else [], message.sequence)
            except REFUSALS:
                _refused.inc()
                _log.exception("ingest.refused", subject=message.subject)
                await self._write([], message.sequence)

    async def _advance(self, connection: AsyncConnection, position: int) -> None:
        done = await connection.execute(
            update(cursor)
            .where(cursor.c.name == _NAME)
            .where(cursor.c.stream == self._stream)
            .where(cursor.c.position == self._position)
            .values(position=position)
        )
        if done.rowcount != 1:
            raise _OvertakenError

    async def _tell_lost(self, why: str) -> None:
        _log.warning("ingest.lost", why=why)
        if self._lost is not None:
            try:
                await self._lost()
            except MesheryError as error:
                _log.warning("ingest.resync_failed", what=error.what, cause=error.cause)


async def _next_batch(queue: asyncio.Queue[Message], *, wait_s: float) -> list[Message]:
    """What is there, at least one message; none after `wait_s`."""
    try:
        async with asyncio.timeout(wait_s):
            batch = [await queue.get()]
    except TimeoutError:
        return []
    while len(batch) < BATCH and not queue.empty():
        batch.append(queue.get_nowait())
    return batch


def _decoded(message: Message) -> Told | None:
    try:
        return decode(message.data)
    except msgspec.MsgspecError as error:
        _refused.inc()
        _log.warning("ingest.not_understood", subject=message.subject, cause=str(error))
        return None
