"""`Publisher`: what watches tell, put on the stream DISCOVERY: at least once, in order per object.

Many messages are on their way at once, bounded in number and bytes; whoever puts one more waits,
and so do the watch behind it and, in the end, the API server. While the bus is away messages wait
here. A message sent twice bears the same id, so the stream stores it once.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from meshery.core.bus import Bus
from meshery.core.errors import UnavailableError
from meshery.core.streams import DISCOVERY_STREAM
from meshery.core.telemetry import counter, get_logger
from meshery.discovery.model import (
    OMITTED,
    Report,
    Seen,
    Synced,
    Told,
    encode,
    message_id_of,
    subject_of,
)

WINDOW = 256
"""Messages on their way at once."""
WINDOW_BYTES = 16 * 1024 * 1024
ENVELOPE_BYTES = 4096
"""What subject, headers and the frame of a message take at most."""
LABELS_BYTES = 16 * 1024
"""Labels that are told of an object that is too large: more than any sensible one has."""
_AGAIN_S = (0.1, 3.0)
_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "ownerReferences")

_log = get_logger("discovery.publisher")
_published = counter("discovery_published", "Messages about watched clusters put on the bus")


class Publisher:
    """One process's way to the stream. `lost` is called when the stream was made anew."""

    def __init__(self, bus: Bus, *, lost: Callable[[], None] | None = None) -> None:
        self.lost = lost
        self._bus = bus
        self._lanes: dict[str, _Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._count = self._bytes = 0
        self._freed = asyncio.Event()
        self._stream = ""

    async def put(self, told: Told) -> None:
        """Take a message over. What ends a list waits for all that came before in its kind."""
        lane = self._lanes.setdefault(_lane_of(told), _Lane())
        lane.began()
        key = told.key.uid if isinstance(told, Seen) else _lane_of(told)
        before = list(lane.tasks.values()) if isinstance(told, Synced) else [self._tasks.get(key)]
        try:
            await _ended(before)
            payload = fitting(told, self._bus.max_payload_bytes - ENVELOPE_BYTES)
            await self._room(len(payload))
        except BaseException:
            lane.ended()
            raise
        task = asyncio.create_task(self._deliver(told, payload), name="discovery-publish")
        self._tasks[key] = lane.tasks[key] = task
        task.add_done_callback(lambda done: self._done(key, lane, len(payload), done))
        if isinstance(told, Synced):
            await _ended([task])

    def lag_s(self, kind: str) -> float:
        """How long the last message of a kind took, or the oldest waits, in seconds."""
        lane = self._lanes.get(kind)
        return lane.lag_s() if lane else 0.0

    async def drain(self) -> None:
        """Wait until everything that was taken over is stored."""
        await _ended(list(self._tasks.values()))

    async def close(self) -> None:
        """Give up what is on its way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await _ended(tasks)

    async def _deliver(self, told: Told, payload: bytes) -> None:
        pause_s, most_s = _AGAIN_S
        subject, message_id = subject_of(told), message_id_of(told)
        failed = False
        while True:
            try:
                await self._bus.publish(subject, payload, message_id=message_id)
                if failed or not self._stream:
                    await self._compare()
            except UnavailableError:
                failed = True
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause_s = min(pause_s * 2, most_s)
            else:
                _published.inc()
                return

    async def _compare(self) -> None:
        """After an outage: the stream may have been lost, and with it what was stored there."""
        stream = await self._bus.stream_identity(DISCOVERY_STREAM)
        before, self._stream = self._stream, stream
        if before and before != stream and self.lost is not None:
            _log.warning("discovery.stream_is_new")
            self.lost()

    async def _room(self, size: int) -> None:
        while self._count >= WINDOW or (self._count and self._bytes + size > WINDOW_BYTES):
            self._freed.clear()
            await self._freed.wait()
        self._count += 1
        self._bytes += size

    def _done(self, key: str, lane: "_Lane", size: int, task: asyncio.Task[None]) -> None:
        self._count -= 1
        self._bytes -= size
        self._freed.set()
        lane.ended()
        for tasks in (self._tasks, lane.tasks):
            if tasks.get(key) is task:
                del tasks[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("discovery.not_published", cause=repr(task.exception()))


class _Lane:
    """Messages of one kind: those on their way, and since when."""

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._since: deque[float] = deque()
        self._last_s = 0.0

    def began(self) -> None:
        self._since.append(asyncio.get_running_loop().time())

    def ended(self) -> None:
        self._last_s = asyncio.get_running_loop().time() - self._since.popleft()

    def lag_s(self) -> float:
        if not self._since:
            return self._last_s
        return asyncio.get_running_loop().time() - self._since[0]


def fitting(told: Told, most: int) -> bytes:
    """The payload; of an object that is larger than `most` bytes only what it is called.

    Such an object is marked as OMITTED, and may be fetched from the cluster itself.
    """
    payload = encode(told)
    if len(payload) <= most or not isinstance(told, Seen):
        return payload
    short = named_only(msgspec.json.decode(told.document), len(payload))
    return encode(msgspec.structs.replace(told, document=msgspec.Raw(msgspec.json.encode(short))))


def named_only(document: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Of an object of `size` bytes, which are too many, what it is called and labelled."""
    whole = document["metadata"]
    metadata = {name: value for name, value in whole.items() if name in _KEPT}
    if len(msgspec.json.encode(labels := whole.get("labels"))) <= LABELS_BYTES and labels:
        metadata["labels"] = labels
    metadata["annotations"] = {OMITTED: f"{size} bytes"}
    return {name: document[name] for name in ("apiVersion", "kind")} | {"metadata": metadata}


def _lane_of(told: Told) -> str:
    if isinstance(told, Report):
        return ""
    return told.key.kind if isinstance(told, Seen) else told.kind


async def _ended(tasks: list[asyncio.Task[None]] | list[asyncio.Task[None] | None]) -> None:
    waiting = [task for task in tasks if task is not None and not task.done()]
    if waiting:
        await asyncio.wait(waiting)
