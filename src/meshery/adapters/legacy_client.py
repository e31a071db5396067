"""A client of the original's adapters, every vintage of them.

What older ones lack is done without: no ComponentInfo (the name alone is known then), events of
four fields only, orders of one cluster.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import msgspec

from meshery._proto.meshes import meshops_pb2 as pb
from meshery.adapters.channel import CALL_TIMEOUT_S, Channel
from meshery.adapters.model import Cluster, OperationInfo, Order
from meshery.adapters.security import ClientSecurity
from meshery.core.errors import OperationFailedError, UnavailableError, UnsupportedError

_SERVICE: Any = pb.DESCRIPTOR.services_by_name["MeshService"]
_CATEGORIES = ("install", "sample", "configure", "validate", "custom")
_SEVERITIES: tuple[Literal["info", "warning", "error"], ...] = ("info", "warning", "error")
_MOST_TEXT = 65_536


class LegacyInfo(msgspec.Struct, frozen=True):
    """What an adapter of the original says of itself; only the name where it is an old one."""

    name: str
    type: str = ""
    version: str = ""
    git_sha: str = ""


class LegacyEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event; the last five texts are empty where the adapter is an old one."""

    severity: Literal["info", "warning", "error"]
    summary: str
    details: str = ""
    operation_id: str = ""
    probable_cause: str = ""
    suggested_remediation: str = ""
    error_code: str = ""
    component: str = ""
    component_name: str = ""


class LegacyClient(Channel):
    """The original's adapter at an address; `timeout_s` is for calls that answer once."""

    def __init__(
        self,
        address: str,
        *,
        security: ClientSecurity | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        super().__init__(address, _SERVICE, security=security, timeout_s=timeout_s)

    async def info(self) -> LegacyInfo:
        """Name and build; of an adapter that does not know ComponentInfo, the name."""
        try:
            answer = await self.ask("ComponentInfo", pb.ComponentInfoRequest())
        except UnsupportedError:
            return LegacyInfo(await self.name())
        return LegacyInfo(answer.name, answer.type, answer.version, answer.git_sha)

    async def name(self) -> str:
        """The mesh's literal, such as ISTIO."""
        return str((await self.ask("MeshName", pb.MeshNameRequest())).name)

    async def versions(self) -> tuple[str, ...]:
        """The mesh's versions; most adapters answer none."""
        answer = await self.ask("MeshVersions", pb.MeshVersionsRequest())
        return tuple(answer.version)

    async def operations(self) -> tuple[OperationInfo, ...]:
        """What it can do, by key. OperationFailedError when it answers an error."""
        answer = await self.ask("SupportedOperations", pb.SupportedOperationsRequest())
        if answer.error not in {"", "none"}:
            raise OperationFailedError(
                f"the adapter at {self.address} does not tell its operations", cause=answer.error
            )
        told = sorted(answer.ops, key=lambda each: (each.category, each.key))
        return tuple(_operation(each) for each in told)

    async def apply(self, order: Order) -> str:
        """Hand an order over; the id of the operation, whose outcome comes as an event.

        OperationFailedError when it was not accepted.
        """
        self._check(order.clusters)
        body = order.input if isinstance(order.input, dict) else {}
        request = pb.ApplyRuleRequest(
            opName=order.operation,
            namespace=order.namespace,
            username="meshery",
            custom_body=str(body.get("custom_body", "")),
            delete_op=order.is_removal,
            operation_id=order.operation_id,
            kube_configs=[each.kubeconfig for each in order.clusters],
            version=order.version,
        )
        answer = await self.ask("ApplyOperation", request)
        if answer.error:
            raise OperationFailedError(
                f"the adapter at {self.address} did not accept {order.operation}",
                cause=answer.error,
            )
        return answer.operation_id or order.operation_id

    async def carry_out(self, order: Order, *, silence_s: float) -> LegacyEvent:
        """Hand an order over and wait for its outcome; an event of another operation is not it.

        Nothing but an event tells the outcome: UnavailableError when none comes for `silence_s`,
        or the stream breaks; what became of the operation is not known then.
        OperationFailedError when the event is an error.
        """
        async for event in self._events(silence_s, after=order):
            if event.operation_id != order.operation_id or event.severity == "warning":
                continue
            if event.severity == "error":
                raise OperationFailedError(
                    event.summary,
                    cause=event.probable_cause or event.details,
                    remedy=event.suggested_remediation,
                )
            return event
        raise UnavailableError(
            f"the adapter at {self.address} ended its events before {order.operation} was done",
            remedy="look at the cluster: what became of the operation is not known",
        )

    async def events(self) -> AsyncIterator[LegacyEvent]:
        """What happens, from now on; nothing of before."""
        async for event in self._events(None):
            yield event

    async def process_oam(
        self,
        components: Sequence[str],
        *,
        configuration: str = "",
        clusters: Sequence[Cluster] = (),
        is_removal: bool = False,
        timeout_s: float = 600.0,
    ) -> str:
        """Have components applied; what the adapter says of each, a line each."""
        self._check(clusters)
        request = pb.ProcessOAMRequest(
            username="meshery",
            delete_op=is_removal,
            oam_comps=list(components),
            oam_config=configuration,
            kube_configs=[each.kubeconfig for each in clusters],
        )
        answer = await self.ask("ProcessOAM", request, timeout_s=timeout_s)
        return str(answer.message)

    async def _events(
        self, silence_s: float | None, *, after: Order | None = None
    ) -> AsyncIterator[LegacyEvent]:
        stream = self.stream(
            "StreamEvents",
            pb.EventsRequest(),
            silence_s=silence_s,
            begun=None if after is None else lambda: self.apply(after),
        )
        async for message in stream:
            yield _event(message)

    def _check(self, clusters: Sequence[Cluster]) -> None:
        if clusters:
            self.security.check_plain(self.address)


def _operation(told: pb.SupportedOperation) -> OperationInfo:
    known = 0 <= told.category < len(_CATEGORIES)
    return msgspec.convert(
        {
            "key": told.key,
            "text": told.value,
            "category": _CATEGORIES[told.category] if known else "custom",
        },
        OperationInfo,
    )


def _event(message: pb.EventsResponse) -> LegacyEvent:
    known = 0 <= message.event_type < len(_SEVERITIES)
    texts = {
        name: getattr(message, name)[:_MOST_TEXT]
        for name in LegacyEvent.__struct_fields__
        if name != "severity"
    }
    return LegacyEvent(severity=_SEVERITIES[message.event_type] if known else "info", **texts)
