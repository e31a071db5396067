"""Takes back what an inventory holds, in the opposite order: the last objects first.

What was made is deleted, if it still is the very object (by its uid). What was there before gets
its former content back. Namespaces and definitions of kinds are kept unless `purge` asks for them,
for others may use them; what is `shared` is never touched, nor a namespace that others run in.
Definitions are never put back: objects of their newer versions may be stored. What stays is told,
and loses the deployment's mark.
"""

from collections.abc import Callable

from meshery.apply.graph import in_order, inverted
from meshery.apply.inventory import Entry, Inventory, check_opened
from meshery.apply.marks import marked_like, owner_of, released, unmarked
from meshery.apply.occupants import runs_in
from meshery.apply.outcome import FINISHED, Outcome, Record
from meshery.apply.patience import Patience
from meshery.apply.progress import At
from meshery.apply.target import Object, Target
from meshery.apply.tiers import DEFINITION, Tier, tier_of
from meshery.apply.walk import Tell, in_turn, to_nobody, walk
from meshery.core.errors import MesheryError, NotFoundError, UnavailableError

_LEAST_S = 0.1
_CONCURRENCY = 8


def nothing_shared(_entry: Entry) -> bool:
    """The choice of no object."""
    return False


async def undo(
    target: Target,
    inventory: Inventory,
    *,
    timeout_s: float,
    since: Record | None = None,
    purge: bool = False,
    shared: Callable[[Entry], bool] = nothing_shared,
    tell: Tell = to_nobody,
    concurrency: int = _CONCURRENCY,
) -> Record:
    """Take back all of `inventory` within `timeout_s`; its `leftovers` are what stays, and why.

    `since` is the record of a former undo: what that finished is not done again. InvalidInputError
    when former content is still sealed.
    """
    check_opened(inventory)
    former = {each.key: each for each in since.outcomes} if since else {}
    steps = {entry.key: _start(entry, former.get(entry.key)) for entry in inventory.entries}
    undoing = _Undoing(
        target,
        inventory,
        steps,
        patience=Patience(timeout_s),
        purge=purge,
        shared=shared,
        tell=in_turn(tell),
    )
    graph = inverted(inventory.graph)
    outcomes = await walk(graph, steps, undoing.do, tell=undoing.tell, concurrency=concurrency)
    return Record(inventory.deployment, tuple(outcomes[key] for key in in_order(graph)))


def _start(entry: Entry, former: Outcome | None) -> Outcome:
    if former and former.state in FINISHED:
        return former
    return Outcome(entry.key, entry.ref, digest=entry.digest, entry=entry)


class _Undoing:
    """One run."""

    def __init__(
        self,
        target: Target,
        inventory: Inventory,
        steps: dict[str, Outcome],
        *,
        patience: Patience,
        purge: bool,
        shared: Callable[[Entry], bool],
        tell: Tell,
    ) -> None:
        self._target = target
        self._deployment = inventory.deployment
        self._entries = {entry.key: entry for entry in inventory.entries}
        self._steps = steps
        self._patience = patience
        self._purge = purge
        self._shared = shared
        self.tell = tell

    async def do(self, key: str) -> Outcome:
        """One object, to its end."""
        entry, at = self._entries[key], At(self._steps[key], self.tell)
        if self._patience.is_over:
            return at.not_tried()
        try:
            await at.go_on(entry=entry)
            return await self._patience.insist(lambda: self._take_back(entry, at), say=at.says)
        except MesheryError as error:
            return at.failed(error)

    async def _take_back(self, entry: Entry, at: At) -> Outcome:
        try:
            live = await self._target.get(entry.ref, whole=True)
            return await self._from(live, entry, at)
        except NotFoundError:
            if entry.existed:
                return at.ended("skipped", "", "it was there before, and others deleted it since")
            return at.ended("succeeded", "deleted", "was gone")

    async def _from(self, live: Object, entry: Entry, at: At) -> Outcome:
        is_marked = owner_of(live, self._deployment).is_ours
        if entry.uid and entry.uid != live["metadata"]["uid"]:
            return at.ended("skipped", "kept", "another object has its name now")
        if not entry.uid and not is_marked:
            return at.ended("skipped", "kept", "it is not ours: it bears no mark of ours")
        stays = self._why_kept(entry) or await self._in_use(entry)
        if stays:
            fault = await self._release(live, entry) if is_marked else ""
            return at.ended("skipped", "kept", f"{stays}{fault}")
        if entry.prior is not None:
            change = await self._target.restore(entry.prior, timeout_s=self._left_s)
            is_changed = change.action != "unchanged"
            return at.ended("succeeded", "restored" if is_changed else "untouched")
        await self._target.delete(
            entry.ref, uid=str(live["metadata"]["uid"]), timeout_s=self._left_s
        )
        return at.ended("succeeded", "deleted")

    def _why_kept(self, entry: Entry) -> str:
        if self._shared(entry):
            return "others share it"
        if entry.existed and entry.ref.kind == DEFINITION:
            return "it was there before, and a definition of a kind only goes forward"
        if entry.existed and entry.prior is None:
            return "others made it at the same moment"
        is_kept = tier_of({}, entry.ref) in {Tier.NAMESPACE, Tier.DEFINITION}
        if is_kept and not entry.existed and not self._purge:
            return "others may use it; a purge takes it away"
        return ""

    async def _in_use(self, entry: Entry) -> str:
        """Who else is in a namespace that would be deleted, and everything in it with it."""
        if entry.existed or entry.ref.kind != "Namespace":
            return ""
        others = await runs_in(self._target, entry.ref.name)
        return f"others are in it: {', '.join(others)}" if others else ""

    async def _release(self, live: Object, entry: Entry) -> str:
        """Take the deployment's mark off what stays; what went wrong with that, in words."""
        if entry.prior is not None:
            free = marked_like(live, entry.prior)
        else:
            free = unmarked(live) if entry.existed else released(live)
        if free == live:
            return ""
        try:
            await self._target.restore(free, timeout_s=self._left_s)
        except UnavailableError:
            raise
        except MesheryError as error:
            return f"; our mark could not be taken off it: {error.what}"
        return ""

    @property
    def _left_s(self) -> float:
        return max(self._patience.left_s, _LEAST_S)
