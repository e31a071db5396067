"""`Keeper`: one look at one object, from what is asked for to what is there.

A look asks nothing of the look before: whatever was missed or broken meanwhile, the next one sees
the object as it is and does what is left. `look` returns when the next one is due.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import msgspec

from meshery.core.errors import InvalidInputError, MesheryError
from meshery.kube.client import KubeClient
from meshery.kube.item import Item
from meshery.operator.children import Children
from meshery.operator.conditions import Outcome, conditions, waited_s
from meshery.operator.model import Served, served
from meshery.operator.names import Key
from meshery.operator.objects import hold, let_go, read, tell

READY_S = 15.0
"""How soon an object that is as asked for is looked at again."""
WAITING_S = 2.0
"""How soon, while something is missing; later and later, since what changes here is watched."""
BREAKS = (
    MesheryError, msgspec.MsgspecError, OSError, ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip
"""What an object that nobody foresaw makes of a look at it; others are looked at nevertheless."""


class Kept(msgspec.Struct, frozen=True):
    """What a look found: how it went, and fields of the status beside the conditions."""

    outcome: Outcome
    status: dict[str, Any] = {}


class Keeper(ABC):
    """Keeps objects of one kind."""

    kind: ClassVar[type[msgspec.Struct]]
    finalizer: ClassVar[str]
    manager: ClassVar[str]

    def __init__(self, client: KubeClient) -> None:
        self.client = client

    async def look(self, key: Key) -> float:
        """Bring what is there to what is asked for; seconds until the next look, 0 is never.

        Errors are told in the object's status, then raised.
        """
        item = await read(self.client, key)
        if item is None:
            return 0.0
        found = served(item, key, self.kind)
        children = Children(self.client, found, manager=self.manager)
        if item.metadata.deletion_timestamp:
            await self._end(item, found, children)
            return 0.0
        if self.finalizer not in item.metadata.finalizers:
            await hold(self.client, item, key, self.finalizer)
            return 0.0  # the change itself brings the object again
        kept = await self._keep(found, children)
        if kept.outcome.is_ready:
            return READY_S
        return min(max(waited_s(found.conditions) / 4, WAITING_S), READY_S)

    @abstractmethod
    async def carry_out(self, found: Served, children: Children) -> Kept:
        """Have everything as `found` asks for it, and say how it is."""

    @abstractmethod
    async def clean_up(self, found: Served, children: Children) -> None:
        """Take away everything that was made for it."""

    async def _keep(self, found: Served, children: Children) -> Kept:
        seen = max((each.observed_generation for each in found.conditions), default=0)
        if seen < found.metadata.generation:
            said = Outcome("Reconciling", "the last change is being carried out")
            await self._tell(found, Kept(said, _rest(found)))
        try:
            if found.fault:
                raise InvalidInputError(
                    f"the spec of {found.key} cannot be used", cause=found.fault
                )
            kept = await self.carry_out(found, children)
        except BREAKS as error:
            failed = Outcome("ReconciliationFailed", _words(error))
            await self._tell(found, Kept(failed, _rest(found)))
            raise
        await self._tell(found, kept)
        return kept

    async def _end(self, item: Item, found: Served, children: Children) -> None:
        if self.finalizer not in item.metadata.finalizers:
            return
        try:
            await self.clean_up(found, children)
        except BREAKS as error:
            failed = Outcome("CleanupFailed", _words(error))
            await self._tell(found, Kept(failed, _rest(found)))
            raise
        await let_go(self.client, item, found.key, self.finalizer)

    async def _tell(self, found: Served, kept: Kept) -> None:
        now = conditions(found.conditions, kept.outcome, generation=found.metadata.generation)
        status = {**kept.status, "conditions": msgspec.to_builtins(now)}
        await tell(self.client, found, status, manager=self.manager)


def _rest(found: Served) -> dict[str, Any]:
    return {name: value for name, value in found.status.items() if name != "conditions"}


def _words(error: Exception) -> str:
    if not isinstance(error, MesheryError):  # what it says may hold what was to stay secret
        return f"nobody foresaw this: {type(error).__name__}; the operator's log has more"
    return f"{error.what}: {error.cause}" if error.cause else error.what
