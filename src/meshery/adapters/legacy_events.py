"""Events as the original's adapters send them, and the outcome of an operation as one."""

from collections.abc import Callable
from typing import Any

import msgspec

from meshery._proto.meshes import meshops_pb2 as pb
from meshery.adapters.choosing import chosen_version
from meshery.adapters.feed import Feed
from meshery.adapters.legacy_words import COMPONENT, NOT_SUPPORTED, done_words, failed_words
from meshery.adapters.mesh import Mesh
from meshery.adapters.model import Description, Finished, OperationInfo, Order, Told
from meshery.adapters.operating import Operating, failure
from meshery.core.errors import MesheryError

_TYPES = {"debug": pb.INFO, "info": pb.INFO, "warning": pb.WARN, "error": pb.ERROR}


class Events:
    """The events of one adapter: who listens, and what is said."""

    def __init__(self, mesh: Mesh) -> None:
        self.feed: Feed[Any] = Feed()
        self._mesh = mesh

    def event(
        self, operation_id: str, kind: Any, summary: str, details: str = ""
    ) -> pb.EventsResponse:
        """An event; not published yet."""
        return pb.EventsResponse(
            event_type=kind,
            summary=summary,
            details=details,
            operation_id=operation_id,
            component=COMPONENT,
            component_name=self._mesh.smp,
        )

    def failure(self, operation_id: str, summary: str, error: MesheryError) -> pb.EventsResponse:
        """The event of an error; not published yet."""
        event = self.event(operation_id, pb.ERROR, summary, error.what)
        event.probable_cause = error.cause
        event.suggested_remediation = error.remedy
        event.error_code = error.specific_code
        return event

    def publish(self, event: pb.EventsResponse) -> pb.EventsResponse:
        """Give it to everyone who listens."""
        self.feed.publish(event)
        return event


class Outcomes:
    """Operations that nobody waits for: each ends in one event, whatever happens."""

    def __init__(
        self,
        mesh: Mesh,
        operating: Operating,
        events: Events,
        description: Callable[[], Description],
    ) -> None:
        self._mesh = mesh
        self._operating = operating
        self._events = events
        self._description = description

    async def carry_out(self, order: Order) -> pb.EventsResponse:
        """Do an order, publish what is said of it, and answer its last event."""
        info = self._info(order.operation)
        if info is None:
            refused = self._events.event(order.operation_id, pb.ERROR, "deploying", NOT_SUPPORTED)
            return self._events.publish(refused)
        try:
            event = await self._done(order, info)
        except MesheryError as error:
            event = self._failed(order, info, error)
        except Exception as error:  # noqa: BLE001 - the edge of what nobody waits for
            told = failure(error, "the adapter failed", order.clusters)
            event = self._failed(order, info, told)
        return self._events.publish(event)

    async def _done(self, order: Order, info: OperationInfo) -> pb.EventsResponse:
        version = chosen_version(order.version, self._description().versions.known)
        asked = msgspec.structs.replace(order, version=version)
        result: Any = None
        async for word in self._operating.words(asked):
            if isinstance(word, Told) and word.severity != "debug":
                told = self._events.event(
                    order.operation_id, _TYPES[word.severity], word.summary, word.details
                )
                self._events.publish(told)
            elif isinstance(word, Finished):
                result = word.result
        summary, details = done_words(self._mesh, info, version=version, removed=order.is_removal)
        if info.does == "conformance" and result is not None:
            details = msgspec.json.encode(result).decode()
        return self._events.event(order.operation_id, pb.INFO, summary, details)

    def _failed(self, order: Order, info: OperationInfo, error: MesheryError) -> pb.EventsResponse:
        summary = failed_words(self._mesh, info, removed=order.is_removal)
        return self._events.failure(order.operation_id, summary, error)

    def _info(self, key: str) -> OperationInfo | None:
        return next((each for each in self._description().operations if each.key == key), None)
