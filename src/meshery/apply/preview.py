"""What carrying a plan out would do, object by object, found out without changing anything.

The target tries the objects as a whole, so that what one brings another may use. What it cannot
try, such as an object whose kind comes with the plan, is said to be unknown and not guessed.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from meshery.apply.marks import marked
from meshery.apply.masking import masked_differences
from meshery.apply.places import PLACE, brings_place, placed
from meshery.apply.plan import Node, Plan, none_of_them
from meshery.apply.several import several
from meshery.apply.standing import Choice, Standing, as_it_stands, foreign, standing_of
from meshery.apply.target import Change, Difference, Ref, Target
from meshery.apply.tiers import DEFINITION
from meshery.core.errors import (
    ConflictError,
    InvalidInputError,
    MesheryError,
    Problem,
    UnavailableError,
)

T = TypeVar("T")
_FORESEEN = "tried against the definition of its kind that is there now; the plan changes that"
_LEFT = "left to its owner: it is as wanted"
_ACTIONS: dict[str, Literal["create", "configure", "unchanged"]] = {
    "created": "create",
    "configured": "configure",
    "unchanged": "unchanged",
}
_UNTRIED = "not tried: it needs what comes with the plan"


class Outlook(msgspec.Struct, frozen=True, omit_defaults=True):
    """What would happen to one object; values of secrets are hidden.

    `unknown` is an object that can only be tried once others of the plan are there; `refused` one
    that the place would not take, for the reason in `notes`. `owner` tells whose it is now, if not
    ours.
    """

    key: str
    ref: Ref
    action: Literal["create", "configure", "unchanged", "conflict", "refused", "unknown"]
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    owner: str = ""


class Preview(msgspec.Struct, frozen=True):
    """The outlook of every object, in the plan's order."""

    deployment: str
    outlooks: tuple[Outlook, ...]

    @property
    def is_clear(self) -> bool:
        """Whether nothing is known to be in the way."""
        return all(each.action not in {"conflict", "refused"} for each in self.outlooks)


async def preview(target: Target, plan: Plan, *, adopt: Choice = none_of_them) -> Preview:
    """Try a plan. What is wrong with an object is told in its outlook.

    UnavailableError when the target does not answer.
    """
    looking = _Looking(target, plan, adopt)
    outlooks = await looking.outlooks()
    changed = {key for key, each in outlooks.items() if each.action == "configure"}
    return Preview(
        plan.deployment,
        tuple(_with_note(outlooks[node.key], node, changed) for node in plan.nodes),
    )


class _Looking:
    """One preview."""

    def __init__(self, target: Target, plan: Plan, adopt: Choice) -> None:
        self._target = target
        self._plan = plan
        self._adopt = adopt
        self._standings: Mapping[str, Standing] = {}

    async def outlooks(self) -> dict[str, Outlook]:
        """The outlooks by the keys of their objects."""
        self._standings = await _several(self._look, self._plan.nodes)
        ours = [node for node in self._plan.nodes if self._of(node).what != "foreign"]
        outlooks = await self._together(ours)
        alone = [node for node in self._plan.nodes if node.key not in outlooks]
        return outlooks | await _several(self._alone, alone)

    def _of(self, node: Node) -> Standing:
        return self._standings[node.key]

    async def _look(self, node: Node) -> Standing:
        return await standing_of(
            self._target, node, deployment=self._plan.deployment, adopt=self._adopt
        )

    async def _together(self, nodes: list[Node]) -> dict[str, Outlook]:
        """Try all at once; those with faults of their own are told, and the others tried again.

        Less than all when the target refuses them for another reason.
        """
        outlooks: dict[str, Outlook] = {}
        while nodes:
            try:
                changes = await self._target.apply(
                    [marked(node.document, self._plan.deployment) for node in nodes], dry_run=True
                )
            except InvalidInputError as error:
                faults = _by_position(error)
                if not faults:
                    break
                for position, problems in faults.items():
                    outlooks[nodes[position].key] = _faulty(nodes[position], problems)
                nodes = [node for node in nodes if node.key not in outlooks]
            except UnavailableError:
                raise
            except MesheryError:
                break
            else:
                for node, change in zip(nodes, changes, strict=True):
                    outlooks[node.key] = self._foreseen(node, change)
                break
        return outlooks

    async def _alone(self, node: Node) -> Outlook:
        try:
            if self._of(node).what == "foreign":
                return self._others(node, await as_it_stands(self._target, node))
            document = marked(node.document, self._plan.deployment)
            (change,) = await self._target.apply([document], dry_run=True, force=self._adopt(node))
            return self._foreseen(node, change)
        except ConflictError as error:
            owner = self._of(node).owner
            return Outlook(node.key, node.ref, "conflict", notes=_said(error), owner=owner)
        except InvalidInputError as error:
            faults = _by_position(error)
            if faults:
                return _faulty(node, faults[0])
            is_early = any(each.what == "absent" for each in self._standings.values())
            return Outlook(
                node.key, node.ref, "unknown" if is_early else "refused", notes=_said(error)
            )
        except UnavailableError:
            raise
        except MesheryError as error:
            return Outlook(node.key, node.ref, "refused", notes=_said(error))

    def _foreseen(self, node: Node, change: Change) -> Outlook:
        if change.stored is None:
            return Outlook(node.key, node.ref, "unknown", notes=change.notes)
        found = masked_differences(node.ref, change.differences)
        action = _ACTIONS[change.action]
        return Outlook(node.key, node.ref, action, found, change.notes, self._of(node).owner)

    def _others(self, node: Node, change: Change) -> Outlook:
        """Somebody else's object: left to its owner if it is as wanted."""
        owner = self._of(node).owner
        if change.action == "unchanged":
            return Outlook(node.key, node.ref, "unchanged", notes=(_LEFT,), owner=owner)
        found = masked_differences(node.ref, change.differences)
        notes = _said(foreign(node, owner, ()))
        return Outlook(node.key, node.ref, "conflict", found, notes, owner)


def _faulty(node: Node, problems: Iterable[Problem]) -> Outlook:
    """An object with faults of its own; the lack of what comes with the plan is none."""
    if brings_place(node) and all(each.path in PLACE for each in problems):
        return Outlook(node.key, node.ref, "unknown", notes=(_UNTRIED,))
    notes = tuple(f"{each.path}: {each.message}" for each in problems)
    return Outlook(node.key, node.ref, "refused", notes=notes)


def _by_position(error: InvalidInputError) -> dict[int, list[Problem]]:
    """Faults by the positions of their objects; none when one belongs to no single object."""
    found: dict[int, list[Problem]] = {}
    for problem in error.problems:
        position, path = placed(problem)
        if position is None:
            return {}
        found.setdefault(position, []).append(msgspec.structs.replace(problem, path=path))
    return found


def _with_note(outlook: Outlook, node: Node, changed: set[str]) -> Outlook:
    is_foreseen = any(each in changed and each.startswith(DEFINITION) for each in node.needs)
    if not is_foreseen:
        return outlook
    return msgspec.structs.replace(outlook, notes=(*outlook.notes, _FORESEEN))


def _said(error: MesheryError) -> tuple[str, ...]:
    told = (error.what, error.cause, *(f"{each.path}: {each.message}" for each in error.problems))
    return tuple(dict.fromkeys(text for text in told if text))


async def _several(ask: Callable[[Node], Awaitable[T]], nodes: Sequence[Node]) -> dict[str, T]:
    """Ask of several nodes at once; the answers by key."""
    answers = await several(ask, nodes)
    return {node.key: answer for node, answer in zip(nodes, answers, strict=True)}
