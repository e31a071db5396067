"""A client of adapters that speak our contract.

async with AdapterClient("127.0.0.1:10000") as client:
description = await client.describe()
rendering = await client.render(behaviours, World(version="1.27.1"))
async for word in client.operate(order):
if isinstance(word, StepFinished):
order = order.after(word)       # kept; a call with it goes on from here
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from meshery._proto.meshery.adapter.v1 import adapter_pb2 as pb
from meshery.adapters.channel import CALL_TIMEOUT_S, Channel
from meshery.adapters.faults import garbled
from meshery.adapters.model import (
    WORD_FIELDS,
    Component,
    ComponentRendering,
    Description,
    Finding,
    Finished,
    Health,
    Object,
    Order,
    StepFinished,
    Translation,
    Word,
)
from meshery.adapters.security import ClientSecurity
from meshery.adapters.wire import from_message, to_message
from meshery.behaviours.document import behaviour_document
from meshery.behaviours.model import Behaviour
from meshery.behaviours.rendering import Rendering, World
from meshery.core.errors import (
    InvalidInputError,
    LimitError,
    OperationFailedError,
    UnavailableError,
)

T = TypeVar("T")

BEATS = 3.0
"""An adapter that is silent for as many heartbeats is lost."""

LEAST_SILENCE_S = 5.0
"""A busy machine may be late with its heartbeats."""

MOST_WORDS = 100_000
"""What one call of an operation may say; more is a flood."""

_SERVICE: Any = pb.DESCRIPTOR.services_by_name["Adapter"]
_NOUNS = {field: kind for kind, field in WORD_FIELDS.items()}


class AdapterClient(Channel):
    """The adapter at an address; `timeout_s` is for calls that answer once.

    `most_words` is what one call of an operation may say. An adapter is lost when nothing of an
    operation was heard for three heartbeats, and at least for `least_silence_s`.
    """

    def __init__(
        self,
        address: str,
        *,
        security: ClientSecurity | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
        most_words: int = MOST_WORDS,
        least_silence_s: float = LEAST_SILENCE_S,
    ) -> None:
        self._most_words = most_words
        self._least_silence_s = least_silence_s
        super().__init__(address, _SERVICE, security=security, timeout_s=timeout_s)

    async def describe(self) -> Description:
        """What the mesh is and what the adapter can do."""
        return self._read(await self.ask("Describe", pb.DescribeRequest()), Description)

    async def health(self) -> Health:
        """Whether it can serve."""
        return self._read(await self.ask("Health", pb.HealthRequest()), Health)

    async def render(self, behaviours: Sequence[Behaviour], world: World) -> Rendering:
        """Behaviours as native objects, with an outcome of each."""
        documents = [behaviour_document(each) for each in behaviours]
        answer = await self._render(world, {"behaviours": documents})
        rendering = self._read(answer, Rendering)
        if len(rendering.outcomes) != len(documents):
            raise garbled(
                self.address, f"{len(rendering.outcomes)} outcomes of {len(documents)} behaviours"
            )
        return rendering

    async def render_component(self, component: Component, world: World) -> ComponentRendering:
        """A component as its native object."""
        return self._one(await self._render(world, {"component": component}))

    async def render_operation(self, operation: str, world: World) -> ComponentRendering:
        """The objects of an operation that is made of manifests."""
        return self._one(await self._render(world, {"operation": operation}))

    async def validate(
        self, objects: Sequence[Object], validators: Sequence[str] = ()
    ) -> tuple[Finding, ...]:
        """What the adapter's checks say of native objects."""
        request = to_message({"objects": objects, "validators": validators}, pb.ValidateRequest)
        answer = await self.ask("Validate", request)
        return self._read(answer, _Findings).findings

    async def translate(self, to: str, objects: Sequence[Object]) -> Translation:
        """Native objects as documents of neutral behaviours, on the way to another mesh."""
        request = to_message({"to": to, "objects": objects}, pb.TranslateRequest)
        return self._read(await self.ask("Translate", request), Translation)

    async def cancel(self, operation_id: str) -> bool:
        """Have an operation end; False when it does not run there."""
        answer = await self.ask("Cancel", pb.CancelRequest(operation_id=operation_id))
        return bool(answer.is_found)

    async def operate(self, order: Order) -> AsyncIterator[Word]:
        """Have an order done, from its last step on; what is said, up to Finished.

        UnavailableError when the adapter was lost or fell silent: the order can go on. Whoever
        stops reading cancels the call. Logins of clusters are not sent in the clear to other hosts.
        """
        if order.clusters:
            self.security.check_plain(self.address)
        request = to_message(order, pb.OperateRequest)
        count = 0
        silence_s = max(order.heartbeat_s * BEATS, self._least_silence_s)
        stream = self.stream("Operate", request, silence_s=silence_s)
        async for message in stream:
            count += 1
            if count > self._most_words:
                raise LimitError(
                    f"the adapter at {self.address} floods the operation",
                    cause=f"more than {self._most_words} words in one call",
                )
            word = self._word(message)
            if word is not None:
                yield word
            if isinstance(word, Finished):
                return
        raise OperationFailedError(
            f"the adapter at {self.address} ended {order.operation} without its last word",
            remedy="see the adapter's own log; the operation can go on after its last step",
            code="meshery.adapter.unfinished",
        )

    async def carry_out(
        self,
        order: Order,
        *,
        on_word: Callable[[Word], Awaitable[None]] | None = None,
        tries: int = 5,
        pause_s: float = 1.0,
    ) -> Finished:
        """Have an order done, going on after its last step when the adapter was lost meanwhile.

        `tries` calls without a step in between are made, `pause_s` apart. Each word is awaited.
        """
        left = tries
        while True:
            try:
                async for word in self.operate(order):
                    if on_word is not None:
                        await on_word(word)
                    if isinstance(word, StepFinished):
                        order, left = order.after(word), tries
                    elif isinstance(word, Finished):
                        return word
            except UnavailableError:
                left -= 1
                if left <= 0:
                    raise
                await asyncio.sleep(pause_s)
                order = order.again()

    async def _render(self, world: World, what: dict[str, Any]) -> Any:
        return await self.ask("Render", to_message({"world": world, **what}, pb.RenderRequest))

    def _one(self, answer: Any) -> ComponentRendering:
        rendering = self._read(answer, Rendering)
        if len(rendering.outcomes) != 1:
            raise garbled(self.address, f"{len(rendering.outcomes)} outcomes in place of one")
        return ComponentRendering(rendering.objects, rendering.outcomes[0])

    def _word(self, message: Any) -> Word | None:
        """The word of a message; None for one of a later contract."""
        field = message.WhichOneof("message")
        if field is None:
            return None
        word: Word = self._read(getattr(message, field), _NOUNS[field])
        return word

    def _read(self, message: Any, kind: type[T]) -> T:
        try:
            return from_message(message, kind)
        except InvalidInputError as error:
            raise garbled(self.address, f"{error.what}: {error.cause}") from error


class _Findings(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...] = ()
