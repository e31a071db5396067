"""`MeshSyncFace`: the same watch as MeshSync's clients know it, on plain NATS.

Changes go to `meshery.meshsync.core` as they are put into the stream. Requests are answered from
the cluster itself, so nothing is held for them. Who wants all and in order reads the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from meshery.core.bus import Bus
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.telemetry import counter, get_logger
from meshery.discovery.model import Seen, Told
from meshery.discovery.watch import wire
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.kind import Sink
from meshery.discovery.watch.publisher import named_only
from meshery.discovery.watch.redaction import redact
from meshery.discovery.watch.sessions import Sessions
from meshery.kube.client import KubeClient
from meshery.kube.listing import pages

_log = get_logger("discovery.meshsync")
_requests = counter("discovery_requests", "Requests of MeshSync's clients", ("entity", "answer"))

Answer = Callable[[Any], Awaitable[None]]

SLOW = frozenset({"informer-store", "resync-discovery"})
"""Requests that read the whole cluster."""
MOST_SLOW = 2
AGAIN_S = 1.0


class MeshSyncSink:
    """Passes on to another sink, and tells MeshSync's clients too: what `is_wanted` by them."""

    def __init__(
        self, sink: Sink, bus: Bus, *, is_wanted: Callable[[Seen], bool] = lambda _: True
    ) -> None:
        self._sink = sink
        self._bus = bus
        self._is_wanted = is_wanted

    async def put(self, told: Told) -> None:
        """As the other sink has it."""
        await self._sink.put(told)
        if isinstance(told, Seen) and self._is_wanted(told):
            await self._bus.notify(wire.SUBJECT_CORE, self._message(told))

    def lag_s(self, kind: str) -> float:
        """As the other sink has it."""
        return self._sink.lag_s(kind)

    def _message(self, told: Seen) -> bytes:
        document = _document(told)
        message = wire.data_message(told.event, document, cluster_id=told.cluster_id)
        if len(message) <= self._bus.max_payload_bytes:
            return message
        short = named_only(document, len(message))
        return wire.data_message(told.event, short, cluster_id=told.cluster_id)


class MeshSyncFace:
    """Answers the requests of MeshSync's clients about one watched cluster."""

    def __init__(self, watch: ClusterWatch, client: KubeClient, bus: Bus) -> None:
        self._watch = watch
        self._client = client
        self._bus = bus
        self._sessions = Sessions(client, bus)
        self._slow: set[asyncio.Task[None]] = set()
        self._answers: dict[str, Answer] = {
            "informer-store": self._store,
            "resync-discovery": self._resync,
            "meshsync-meta": self._meta,
            "log-stream": self._sessions.log_stream,
            "exec-request": self._sessions.exec_request,
            "active-exec": self._sessions.active_exec,
        }

    async def run(self) -> None:
        """Answer until cancelled. One request waits for another only where both are slow."""
        try:
            while True:
                try:
                    await self._listen()
                except UnavailableError as error:  # the bus went away as we were about to listen
                    _log.info("meshsync.does_not_listen", cause=error.cause)
                await asyncio.sleep(AGAIN_S)
        finally:
            for task in self._slow:
                task.cancel()
            await asyncio.gather(*self._slow, return_exceptions=True)
            await self._sessions.close()

    async def _listen(self) -> None:
        async with self._bus.listen(wire.SUBJECT_REQUEST, queue=wire.QUEUE_REQUEST) as messages:
            async for message in messages:
                await self._take(message.data)

    async def _take(self, payload: bytes) -> None:
        try:
            asked = wire.decode(payload).request
        except msgspec.MsgspecError as error:
            _log.info("meshsync.not_understood", cause=str(error))
            return
        answer = self._answers.get(asked.entity) if asked else None
        if asked is None or answer is None:
            _log.info("meshsync.not_understood", cause="no such request")
            return
        work = self._answer(asked.entity, answer, asked.payload)
        if asked.entity not in SLOW:
            await work
            return
        while len(self._slow) >= MOST_SLOW:
            await asyncio.wait(self._slow, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(work, name=f"meshsync-{asked.entity}")
        self._slow.add(task)
        task.add_done_callback(self._slow.discard)

    async def _answer(self, entity: str, answer: "Answer", payload: Any) -> None:
        told = "done"
        try:
            await answer(payload)
        except MesheryError as error:
            told = "failed"
            _log.warning("meshsync.no_answer", request=entity, what=error.what, cause=error.cause)
        _requests.labels(entity, told).inc()

    async def _store(self, payload: Any) -> None:
        reply = payload.get("Reply") if isinstance(payload, dict) else None
        if not isinstance(reply, str) or not wire.is_subject(reply):
            reply = wire.SUBJECT_STORE
        chunk: list[dict[str, Any]] = []
        async for found in self._resources():
            chunk.append(found)
            if len(chunk) == wire.STORE_CHUNK:
                await self._tell(reply, chunk)
                chunk = []
        await self._tell(reply, chunk)

    async def _tell(self, reply: str, chunk: list[dict[str, Any]]) -> None:
        """One message, or several where one would be too large."""
        message = wire.store_message(chunk)
        if len(message) > self._bus.max_payload_bytes and len(chunk) > 1:
            half = len(chunk) // 2
            await self._tell(reply, chunk[:half])
            await self._tell(reply, chunk[half:])
        elif chunk:
            await self._bus.notify(reply, message)

    async def _resources(self) -> AsyncIterator[dict[str, Any]]:
        for watched in self._watch.readable():
            for selection in watched.slices:
                listed = pages(self._client, watched.resource, selection=selection)
                async with aclosing(listed):
                    async for page in listed:
                        for item in page.items:
                            yield self._resource(redact(item))
                        await asyncio.sleep(0)

    def _resource(self, document: Mapping[str, Any]) -> dict[str, Any]:
        found = wire.resource(document, cluster_id=self._watch.cluster_id)
        size = len(wire.store_message([found]))
        if size <= self._bus.max_payload_bytes:
            return found
        return wire.resource(named_only(document, size), cluster_id=self._watch.cluster_id)

    async def _resync(self, _payload: Any) -> None:
        await self._watch.resync()

    async def _meta(self, _payload: Any) -> None:
        message = msgspec.json.encode(wire.Envelope(object=wire.VERSION))
        await self._bus.notify(wire.SUBJECT_META, message)


def _document(seen: Seen) -> dict[str, Any]:
    if bytes(seen.document):
        found: dict[str, Any] = msgspec.json.decode(seen.document)
        return found
    key = seen.key
    metadata = {"name": key.name, "namespace": key.namespace, "uid": key.uid}
    return {"apiVersion": key.api_version, "kind": key.kind, "metadata": metadata}
