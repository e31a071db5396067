"""`MeshSyncFace`: the same watch as MeshSync's clients know it, on plain NATS.

Changes go to `meshery.meshsync.core` as they are put into the stream. Requests are answered from
the cluster itself, so nothing is held for them. Who wants all and in order reads the stream.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec

from meshery.core.bus import Bus
from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.discovery.model import Seen, Told
from meshery.discovery.watch import wire
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.kind import Sink
from meshery.discovery.watch.redaction import redact
from meshery.kube.client import KubeClient
from meshery.kube.listing import pages

_SUBJECT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")

_log = get_logger("discovery.meshsync")
_envelope: msgspec.json.Decoder[wire.Envelope] = msgspec.json.Decoder(wire.Envelope)


class MeshSyncSink:
    """Passes on to another sink, and tells MeshSync's clients too."""

    def __init__(self, sink: Sink, bus: Bus) -> None:
        self._sink = sink
        self._bus = bus

    async def put(self, told: Told) -> None:
        """As the other sink has it."""
        await self._sink.put(told)
        if isinstance(told, Seen):
            message = wire.data_message(told.event, _document(told), cluster_id=told.cluster_id)
            await self._bus.notify(wire.SUBJECT_CORE, message)

    def lag_s(self, kind: str) -> float:
        """As the other sink has it."""
        return self._sink.lag_s(kind)


class MeshSyncFace:
    """Answers the requests of MeshSync's clients about one watched cluster."""

    def __init__(self, watch: ClusterWatch, client: KubeClient, bus: Bus) -> None:
        self._watch = watch
        self._client = client
        self._bus = bus
        self._answers: dict[str, Callable[[Any], Awaitable[None]]] = {
            "informer-store": self._store,
            "resync-discovery": self._resync,
            "meshsync-meta": self._meta,
        }

    async def run(self) -> None:
        """Answer until cancelled, one request after another."""
        async with self._bus.listen(wire.SUBJECT_REQUEST) as messages:
            async for message in messages:
                try:
                    await self._answer(message.data)
                except MesheryError as error:
                    _log.warning("meshsync.no_answer", what=error.what, cause=error.cause)

    async def _answer(self, payload: bytes) -> None:
        try:
            asked = _envelope.decode(payload).request
        except msgspec.MsgspecError as error:
            _log.info("meshsync.not_understood", cause=str(error))
            return
        answer = self._answers.get(asked.entity) if asked else None
        if asked is None or answer is None:
            _log.info("meshsync.not_understood", cause="no such request")
            return
        await answer(asked.payload)

    async def _store(self, payload: Any) -> None:
        reply = payload.get("Reply") if isinstance(payload, dict) else None
        if not isinstance(reply, str) or not _SUBJECT.fullmatch(reply):
            reply = wire.SUBJECT_STORE
        chunk: list[dict[str, Any]] = []
        async for found in self._resources():
            chunk.append(found)
            if len(chunk) == wire.STORE_CHUNK:
                await self._bus.notify(reply, wire.store_message(chunk))
                chunk = []
        if chunk:
            await self._bus.notify(reply, wire.store_message(chunk))

    async def _resources(self) -> AsyncIterator[dict[str, Any]]:
        for watched in self._watch.readable():
            for selection in watched.slices:
                listed = pages(self._client, watched.resource, selection=selection)
                async with aclosing(listed):
                    async for page in listed:
                        for item in page.items:
                            yield wire.resource(redact(item), cluster_id=self._watch.cluster_id)
                        await asyncio.sleep(0)

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
