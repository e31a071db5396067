"""Messages between processes: NATS, with JetStream where one must not get lost.

What must not get lost goes through our streams (`streams.py`). Live progress and cancel hints go
over plain NATS: whoever misses one reads rows.

The bus reconnects for ever. While it is away, publishing raises UnavailableError at once.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from meshery.core.bus_errors import away, bus_errors
from meshery.core.bus_link import BusLink, Trust
from meshery.core.bus_streams import StreamKeeper
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.core.streams import OPERATIONS_STREAM, streams
from meshery.core.telemetry import get_logger

_PUBLISH_TIMEOUT_S = 3.0
_ACK_WAIT_S = 30.0

_log = get_logger("core.bus")


class Message(msgspec.Struct, frozen=True):
    """One message. `sequence` is its place in the stream, 0 on plain NATS."""

    subject: str
    data: bytes
    sequence: int = 0
    message_id: str = ""


class StreamState(msgspec.Struct, frozen=True):
    """A stream at one moment: `first` and `last` are the sequences of what it still holds."""

    identity: str
    first: int
    last: int


class Wakeup:
    """A message of the work queue, to be settled once: `done()` or `again(delay_s)`."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        self.data = message.data

    async def done(self) -> None:
        """Remove it from the queue."""
        with bus_errors("settle a wake-up"):
            await self._message.ack()

    async def again(self, delay_s: float) -> None:
        """Have it delivered again, not before `delay_s`."""
        with bus_errors("delay a wake-up"):
            await self._message.nak(delay=max(delay_s, 0.01))


class Bus:
    """One process's connection (of one event loop)."""

    def __init__(
        self, settings: Settings, *, only: Collection[str] | None = None, domain: str = ""
    ) -> None:
        self._settings = settings
        self._link = BusLink(self._come_back)
        self._client = self._link.client
        self._jetstream: JetStreamContext = self._client.jetstream(
            timeout=_PUBLISH_TIMEOUT_S, domain=domain or None
        )
        ours = [each for each in streams(settings) if only is None or each.name in only]
        self._streams = StreamKeeper(self._jetstream, ours)

    @classmethod
    async def connect(
        cls,
        settings: Settings,
        *,
        url: str,
        token: str = "",
        user: str = "",
        domain: str = "",
        wait_s: float = 15.0,
        name: str = "meshery",
        only: Collection[str] | None = None,
        trust: Trust | None = None,
        reconnects: bool = True,
    ) -> "Bus":
        """Connect within `wait_s` and make sure of the streams: all of ours, or `only` some.

        `url` may name several servers, parted by commas. `name` is what the server calls us in
        `connz`. With a `user` the token is its password. `domain` is that of JetStream, where the
        streams are those of a leaf node. `trust` is that of the settings unless it is given. Unless
        it `reconnects`, a bus whose connection broke stays away, as one must whose server may be
        somewhere else by then. UnavailableError when nobody answers whom we trust, or, where all
        streams are wanted, when the server's `max_payload` is too small for what they carry.
        """
        bus = cls(settings, only=only, domain=domain)
        try:
            async with asyncio.timeout(wait_s):
                await bus._link.connect(
                    url,
                    token=token,
                    user=user,
                    name=name,
                    trust=trust or Trust.of(settings),
                    reconnects=reconnects,
                )
            if only is None:
                bus._check_payload(url)
            await bus.ensure_streams()
        except (OSError, TimeoutError, nats.errors.Error) as error:
            await bus.close()
            raise UnavailableError(
                f"the message bus at {url} does not answer",
                cause=str(error) or bus._link.last_error or "nobody listens, or the token is wrong",
                remedy="start it, or correct bus.url and bus.token_file",
                code="meshery.bus.unreachable",
            ) from error
        except BaseException:
            await bus.close()
            raise
        return bus

    @property
    def connected(self) -> bool:
        """Whether the server answers now."""
        return self._link.connected

    @property
    def max_payload_bytes(self) -> int:
        """The largest message that the server takes and the settings allow."""
        return min(self._client.max_payload, self._settings.bus.max_payload_bytes)

    async def ensure_streams(self) -> None:
        """Create or update our streams; also after a reconnect, since a store may be lost."""
        await self._streams.ensure()

    async def _come_back(self) -> None:
        await self._streams.ensure_quietly()

    async def publish(self, subject: str, payload: bytes, *, message_id: str = "") -> int:
        """Store a message in its stream and return its sequence.

        The same `message_id` within its stream's window (`streams.py`) stores nothing and returns
        the first sequence. UnavailableError when the bus is away or does not acknowledge within
        3 s.
        """
        if not self.connected:
            raise away("publish")
        headers = {"Nats-Msg-Id": message_id} if message_id else None
        with bus_errors("publish"):
            ack = await self._link.unbroken(
                self._jetstream.publish(subject, payload, headers=headers)
            )
        return ack.seq

    async def notify(self, subject: str, payload: bytes) -> None:
        """Tell whoever listens now; lost when nobody does or when the bus is away."""
        if self.connected:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._client.publish(subject, payload)

    @asynccontextmanager
    async def listen(
        self, subject: str, *, queue: str = ""
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """Messages of plain NATS on `subject` (wildcards allowed) from now on.

        Of all who name the same `queue` one gets each message.
        """
        with bus_errors("listen"):
            heard = _Heard()
            subscription = await self._client.subscribe(subject, queue=queue, cb=heard.put)
            if self.connected:
                await self._link.unbroken(self._client.flush(timeout=2))
        try:
            yield heard
        finally:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    async def follow(
        self, stream: str, *, subject: str, after: int | None
    ) -> AsyncGenerator[Message]:
        """Messages of a stream in order, from the one after sequence `after`, for ever.

        `after=None` begins with messages published from now on; 0 with the oldest kept. Breaks of
        the connection and gaps are mended by a new consumer at the last sequence seen.
        """
        position = after if after is not None else await self.last_sequence(stream)
        while True:
            consumer = await self._ephemeral(stream, subject, position)
            if consumer is None:
                await asyncio.sleep(0.3)
                continue
            expected = 1
            try:
                while True:
                    got = await self._fetch(consumer, batch=64, timeout_s=10)
                    for raw in got:
                        if raw.metadata.sequence.consumer != expected:
                            raise _GapError  # noqa: TRY301 - leaves two loops
                        expected += 1
                        position = raw.metadata.sequence.stream
                        yield _stored(raw)
                    if not self.connected:
                        break
                    # A way that broke behind our server is seen nowhere else.
                    if not got and await self._delivered(consumer) != expected - 1:
                        break
            except (_GapError, nats.errors.Error, OSError):
                await asyncio.sleep(0.1)
            finally:
                with contextlib.suppress(nats.errors.Error, OSError):
                    await consumer.unsubscribe()

    async def last_sequence(self, stream: str) -> int:
        """The sequence of the newest message of a stream, 0 in an empty one."""
        return (await self.stream_state(stream)).last

    async def stream_identity(self, stream: str) -> str:
        """Tells a stream from another one of its name: one that was made anew counts from 1."""
        return (await self.stream_state(stream)).identity

    async def stream_state(self, stream: str) -> StreamState:
        """Which stream it is, and what it holds. UnavailableError without it."""
        with bus_errors("read the state of a stream"):
            info = await self._link.unbroken(self._jetstream.stream_info(stream))
        return StreamState(str(info.created), info.state.first_seq, info.state.last_seq)

    async def work(
        self, subject: str, *, durable: str, batch: int = 1
    ) -> AsyncGenerator[Wakeup | None]:
        """Wake-ups of the work queue on `subject`, shared with all who use the same `durable`.

        Yields None about every five seconds without one. Never ends; survives the bus's restarts.
        """
        while True:
            consumer = await self._durable(subject, durable)
            if consumer is None:
                await asyncio.sleep(0.3)
                continue
            try:
                while True:
                    got = await self._fetch(consumer, batch=batch, timeout_s=5)
                    for raw in got:
                        yield Wakeup(raw)
                    if not got:
                        yield None
                        if not self.connected or not await self._exists(consumer):
                            break
            except (nats.errors.Error, OSError) as error:
                _log.info("bus.consumer_lost", durable=durable, cause=str(error))
                await asyncio.sleep(0.1)
            finally:
                with contextlib.suppress(nats.errors.Error, OSError):
                    await consumer.unsubscribe()

    async def close(self) -> None:
        """Send what is pending, then disconnect."""
        await self._link.close()

    async def _durable(
        self, subject: str, durable: str
    ) -> JetStreamContext.PullSubscription | None:
        config = api.ConsumerConfig(
            durable_name=durable,
            filter_subject=subject,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_S,
            max_deliver=-1,
        )
        return await self._pull(OPERATIONS_STREAM, config)

    async def _ephemeral(
        self, stream: str, subject: str, position: int
    ) -> JetStreamContext.PullSubscription | None:
        try:
            last = await self.last_sequence(stream)
        except UnavailableError:
            return None
        start = position + 1 if position <= last else 1  # a stream made anew counts from 1
        config = api.ConsumerConfig(
            filter_subject=subject,
            ack_policy=api.AckPolicy.NONE,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start,
            inactive_threshold=30,
            mem_storage=True,
        )
        return await self._pull(stream, config)

    async def _pull(
        self, stream: str, config: api.ConsumerConfig
    ) -> JetStreamContext.PullSubscription | None:
        if not self.connected:
            return None
        try:
            info = await self._link.unbroken(self._jetstream.add_consumer(stream, config))
            return await self._jetstream.pull_subscribe_bind(
                info.name, stream, pending_msgs_limit=4096
            )
        except NotFoundError:  # the stream is gone with its store: our own make it again
            with contextlib.suppress(nats.errors.Error, OSError):
                await self.ensure_streams()
            return None
        except (nats.errors.Error, OSError) as error:
            _log.info("bus.consumer_refused", stream=stream, cause=str(error))
            return None

    def _check_payload(self, url: str) -> None:
        needed = self._settings.bus.max_payload_bytes
        if self._client.max_payload < needed:
            raise UnavailableError(
                f"the message bus at {url} refuses messages above {self._client.max_payload} bytes",
                cause=f"Meshery sends up to {needed} bytes (bus.max_payload_bytes)",
                remedy=f"set max_payload: {needed} in the NATS server's configuration",
                code="meshery.bus.payload",
            )

    async def _fetch(
        self, consumer: JetStreamContext.PullSubscription, *, batch: int, timeout_s: float
    ) -> list[Msg]:
        """Messages, none after `timeout_s`."""
        try:
            return await self._link.unbroken(consumer.fetch(batch, timeout=timeout_s))
        except nats.errors.TimeoutError:
            return []

    async def _exists(self, consumer: JetStreamContext.PullSubscription) -> bool:
        return await self._delivered(consumer) is not None

    async def _delivered(self, consumer: JetStreamContext.PullSubscription) -> int | None:
        """How many messages the server sent, whether or not they came; None without a consumer."""
        try:
            info = await self._link.unbroken(consumer.consumer_info())
        except (nats.errors.Error, OSError, TimeoutError):
            return None
        return info.delivered.consumer_seq if info.delivered else 0


class _Heard(AsyncIterator[Message]):
    """Messages of plain NATS; the oldest go when nobody reads. A cancelled read loses none."""

    def __init__(self, size: int = 4096) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue(size)

    async def put(self, raw: Msg) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(Message(raw.subject, raw.data))

    async def __anext__(self) -> Message:
        return await self._queue.get()


class _GapError(Exception):
    """A message of an unacknowledged consumer was lost with a connection."""


def _stored(raw: Msg) -> Message:
    return Message(
        raw.subject,
        raw.data,
        raw.metadata.sequence.stream,
        (raw.headers or {}).get("Nats-Msg-Id", ""),
    )
