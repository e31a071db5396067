"""`Relay`: what a cluster's own watcher told its broker, taken over into our stream.

The broker's stream is read on from where it was left; the position is written once what came before
it is in our stream. So whatever is interrupted, nothing is missed, and what comes twice hurts
nobody. Where that cannot be (the first time, another stream, messages that were gone before they
were read), the cluster's watcher is asked to tell everything, until it does.
"""

import asyncio
from contextlib import aclosing, suppress

import msgspec

from meshery.core.bus import Bus, Message, StreamState
from meshery.core.errors import UnavailableError
from meshery.core.streams import DISCOVERY_STREAM, SUBJECT_DISCOVERY
from meshery.core.telemetry import counter, get_logger
from meshery.discovery.ingest.feeds import Feeds
from meshery.discovery.ingest.lag import Lag
from meshery.discovery.model import Report, Synced, Told, decode
from meshery.discovery.watch import wire
from meshery.discovery.watch.publisher import Publisher

SAVE_S = 1.0
STATE_S = 5.0
"""How often it is written how far behind we are."""
AGAIN_S = 20.0
"""How long the watcher may take to begin with telling everything."""
LOOK_S = 0.5

_log = get_logger("discovery.relay")
_relayed = counter("discovery_relayed", "Messages taken over from clusters' brokers")
_foreign = counter("discovery_foreign", "Messages of brokers that were not of their cluster")


class Relay:
    """One cluster's. Use `run` once; it ends when the broker is away: that may move."""

    def __init__(self, feeds: Feeds, cluster_id: str, *, broker: Bus, bus: Bus) -> None:
        self._feeds = feeds
        self._cluster_id = cluster_id
        self._broker = broker
        self._everything = asyncio.Event()
        self._synced = asyncio.Event()
        self._publisher = Publisher(bus, lost=self.ask_everything)
        self._stream = ""
        self._position = 0
        self._last = 0
        self._is_asking = False

    def ask_everything(self) -> None:
        """Have the cluster's watcher tell everything again."""
        self._is_asking = True
        self._everything.set()

    async def run(self) -> None:
        """Take over until cancelled. UnavailableError when the broker does not answer."""
        await self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(), name="relay-read")
                group.create_task(self._save(), name="relay-save")
                group.create_task(self._state(), name="relay-state")
                group.create_task(self._ask(), name="relay-ask")
        except* UnavailableError as errors:
            raise errors.exceptions[0] from None
        finally:
            await self._publisher.close()

    async def _begin(self) -> None:
        state = await self._broker.stream_state(DISCOVERY_STREAM)
        stream, self._position = await self._feeds.position(self._cluster_id)
        self._stream, self._last = state.identity, state.last
        if stream != state.identity:
            # What was told before is told again, so nothing of it is read.
            self._position = state.last
            self._ask_because("the stream was not read before")
        else:
            self._look_for_gap(state)
        await self._feeds.note(self._cluster_id, state="following", error="")

    async def _read(self) -> None:
        subject = f"{SUBJECT_DISCOVERY}.>"
        messages = self._broker.follow(DISCOVERY_STREAM, subject=subject, after=self._position)
        async with aclosing(messages):
            async for message in messages:
                told = self._told(message)
                if told is not None:
                    await self._publisher.put(told)
                    _relayed.inc()
                if isinstance(told, Synced):
                    self._synced.set()
                self._position = message.sequence

    def _told(self, message: Message) -> Told | None:
        """What it tells of this cluster; a broker cannot speak of another one."""
        try:
            told = decode(message.data)
        except msgspec.MsgspecError as error:
            _foreign.inc()
            _log.warning("relay.not_understood", subject=message.subject, cause=str(error))
            return None
        if isinstance(told, Report) and message.sequence <= self._last:
            return None  # it tells of a watch that may be gone since
        if told.cluster_id == self._cluster_id:
            return told
        if told.cluster_id:
            _foreign.inc()
            _log.warning("relay.foreign", cluster=self._cluster_id, told=told.cluster_id)
            return None
        # The watcher may not read which cluster it is in; we know it.
        return msgspec.structs.replace(told, cluster_id=self._cluster_id)

    async def _save(self) -> None:
        """Write the position once all before it is stored.

        Not while we wait to be told everything: were this process to end, nobody would ask again.
        """
        saved: tuple[str, int] = ("", -1)
        while True:
            await asyncio.sleep(SAVE_S)
            reached = (self._stream, self._position)
            if reached != saved and not self._is_asking:
                await self._publisher.drain()
                await self._feeds.note(self._cluster_id, stream=reached[0], position=reached[1])
                saved = reached

    async def _state(self) -> None:
        loop, lag = asyncio.get_running_loop(), Lag()
        while True:
            await self._while_connected(STATE_S)
            state = await self._broker.stream_state(DISCOVERY_STREAM)
            if state.identity != self._stream:
                raise UnavailableError("the broker's stream was made anew")
            self._look_for_gap(state)
            behind = max(0, state.last - self._position)
            lag_s = round(lag.sample(self._position, last=state.last, at_s=loop.time()), 1)
            await self._feeds.note(self._cluster_id, behind=behind, lag_s=lag_s)

    async def _while_connected(self, seconds: float) -> None:
        """Wait; UnavailableError as soon as the broker is away."""
        until_s = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until_s:
            if not self._broker.connected:
                raise UnavailableError("the broker is away")
            await asyncio.sleep(LOOK_S)

    def _look_for_gap(self, state: StreamState) -> None:
        if state.first > self._position + 1:
            self._ask_because(f"{state.first - self._position - 1} messages are gone")

    def _ask_because(self, why: str) -> None:
        _log.info("relay.asks_everything", cluster=self._cluster_id, why=why)
        self.ask_everything()

    async def _ask(self) -> None:
        request = wire.Envelope(request=wire.Request("resync-discovery"))
        while True:
            await self._everything.wait()
            self._everything.clear()
            self._synced.clear()
            await self._broker.notify(wire.SUBJECT_REQUEST, msgspec.json.encode(request))
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._synced.wait()
            if not self._synced.is_set():
                self._everything.set()
            elif not self._everything.is_set():
                self._is_asking = False
