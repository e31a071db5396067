"""Carries a plan out: node by node in its order, each until it is in effect.

Of every object what was there before is told to the caller before anything is changed, then its
uid, then whether it is in effect. So a run that was killed anywhere can be taken up from what was
stored last, or undone. A failure is an outcome and holds up only what comes after it.
"""

from collections.abc import Mapping

import msgspec

from meshery.apply.admission import missing_behind
from meshery.apply.inventory import Entry
from meshery.apply.marks import marked
from meshery.apply.outcome import FINISHED, Action, Outcome, Record
from meshery.apply.patience import Patience
from meshery.apply.places import brings_place, lacks_place
from meshery.apply.plan import Node, Plan, all_of_them, none_of_them
from meshery.apply.progress import At
from meshery.apply.reasons import reasons
from meshery.apply.standing import Choice, Standing, as_it_stands, foreign, standing_of
from meshery.apply.target import Target
from meshery.apply.tiers import WEBHOOKS
from meshery.apply.waiting import until_in_effect, until_there
from meshery.apply.walk import Tell, in_turn, to_nobody, walk
from meshery.core.errors import ConflictError, MesheryError, Problem

_LEAST_S = 0.1
CONCURRENCY = 8
"""How many objects are under way at once."""


async def carry(
    target: Target,
    plan: Plan,
    *,
    timeout_s: float,
    since: Record | None = None,
    adopt: Choice = none_of_them,
    wait_for: Choice = all_of_them,
    tell: Tell = to_nobody,
    concurrency: int = CONCURRENCY,
) -> Record:
    """Carry out `plan` within `timeout_s`; what became of each object, failures among it.

    `since` is the record of a former run of this deployment's plan: what it finished is not done
    again, and what it made beyond `plan` stays in the record, to be pruned. `adopt` picks what to
    take over from others, whole objects or fields of ours; `wait_for` what to wait for until it is
    in effect. `tell` stores outcomes; an error of it ends the run, as does cancelling.
    """
    former = {each.key: each for each in since.outcomes} if since else {}
    steps = {node.key: _start(node, former.get(node.key)) for node in plan.nodes}
    carrier = _Carrier(
        target,
        plan,
        steps,
        patience=Patience(timeout_s),
        adopt=adopt,
        wait_for=wait_for,
        tell=in_turn(tell),
    )
    outcomes = await walk(plan.graph, steps, carrier.do, tell=carrier.tell, concurrency=concurrency)
    beyond = [_dropped(each) for key, each in former.items() if key not in steps and each.entry]
    return Record(plan.deployment, (*(outcomes[node.key] for node in plan.nodes), *beyond))


def pending(plan: Plan) -> Record:
    """The record of a plan of which nothing has begun."""
    steps = (Outcome(node.key, node.ref, digest=node.digest) for node in plan.nodes)
    return Record(plan.deployment, tuple(steps))


def _start(node: Node, former: Outcome | None) -> Outcome:
    """A node's outcome as a run begins: finished already, or to be done, from where it was left."""
    entry = former.entry if former else None
    if former and former.state in FINISHED and former.digest == node.digest:
        moved = entry and msgspec.structs.replace(entry, needs=node.needs, tier=node.tier)
        return msgspec.structs.replace(former, entry=moved)
    return Outcome(node.key, node.ref, digest=node.digest, entry=entry)


def _dropped(former: Outcome) -> Outcome:
    """What a former run made, and the plan that is carried out now no longer has: still ours."""
    return Outcome(  # without its digest: should a later plan have it again, it is not done
        former.key,
        former.ref,
        "skipped",
        "kept",
        reason="the plan no longer has it",
        entry=former.entry,
    )


class _Carrier:
    """One run."""

    def __init__(
        self,
        target: Target,
        plan: Plan,
        steps: Mapping[str, Outcome],
        *,
        patience: Patience,
        adopt: Choice,
        wait_for: Choice,
        tell: Tell,
    ) -> None:
        self._target = target
        self._deployment = plan.deployment
        self._nodes = plan.by_key
        self._steps = steps
        self._patience = patience
        self._adopt = adopt
        self._wait_for = wait_for
        self.tell = tell

    async def do(self, key: str) -> Outcome:
        """One node, to its end."""
        node, at = self._nodes[key], At(self._steps[key], self.tell)
        if self._patience.is_over:
            return at.not_tried()
        try:
            found, action = await self._patience.insist(
                lambda: self._put(node, at),
                say=at.says,
                passes=lambda error: brings_place(node) and lacks_place(error),
            )
            if self._wait_for(node):
                await until_in_effect(self._target, node.ref, patience=self._patience, say=at.says)
        except MesheryError as error:
            told = await reasons(self._target, node.ref) if at.outcome.entry else ()
            return at.failed(error, told)
        if found.what == "foreign":
            return at.ended("skipped", action, f"is as wanted, and of {found.owner}")
        return at.ended("succeeded", action, _doubt(at.outcome.entry))

    async def _put(self, node: Node, at: At) -> tuple[Standing, Action]:
        """Look what is there, and store what is wanted; repeated as a whole if it must be."""
        found = await standing_of(
            self._target, node, deployment=self._deployment, adopt=self._adopt
        )
        if found.what == "foreign":
            await self._check_as_wanted(node, found)
            return found, "kept"
        entry = _entry(node, at.outcome.entry, found)
        await at.go_on(entry=entry)
        if node.ref.kind in WEBHOOKS:
            await until_there(
                lambda: missing_behind(self._target, node.document),
                patience=self._patience,
                say=at.says,
            )
        (change,) = await self._target.apply(
            [marked(node.document, self._deployment)],
            wait=False,
            force=self._adopt(node),
            timeout_s=max(self._patience.left_s, _LEAST_S),
        )
        uid = str(change.stored["metadata"]["uid"]) if change.stored else ""
        # What was made since we looked is not ours, whatever our mark on it says by now.
        is_theirs = found.what == "absent" and change.action != "created"
        existed = entry.existed or is_theirs
        await at.go_on(entry=msgspec.structs.replace(entry, uid=uid, existed=existed))
        return found, change.action

    async def _check_as_wanted(self, node: Node, found: Standing) -> None:
        """Somebody else's object: good if it is as wanted. ConflictError if it is not."""
        try:
            change = await as_it_stands(self._target, node)
        except ConflictError as error:
            raise foreign(node, found.owner, error.problems) from error
        if change.action != "unchanged":
            differ = [Problem(each.path, "differs") for each in change.differences]
            raise foreign(node, found.owner, differ)


def _doubt(entry: Entry | None) -> str:
    """What to know of an object that is in effect, though not all went as it should."""
    is_met = entry is not None and entry.existed and not entry.prior and not entry.sealed
    return "others made it at the same moment: an undo leaves it" if is_met else ""


def _entry(node: Node, former: Entry | None, stands: Standing) -> Entry:
    """What an undo must know of a node: from a former attempt, if that met the same object."""
    live = stands.live
    uid = str(live["metadata"]["uid"]) if live else ""
    existed = live is not None and stands.what != "left"
    fresh = Entry(
        node.key,
        node.ref,
        uid,
        existed=existed,
        prior=live if existed else None,
        digest=node.digest,
        needs=node.needs,
        tier=node.tier,
    )
    if former is None or (former.uid != uid and not _was_cut_off(former, stands)):
        return fresh
    return msgspec.structs.replace(
        fresh, existed=former.existed, prior=former.prior, sealed=former.sealed
    )


def _was_cut_off(former: Entry, stands: Standing) -> bool:
    """Whether a former attempt may have made what is there, and ended before it could say so."""
    return not former.uid and not former.existed and stands.what in {"absent", "ours"}
