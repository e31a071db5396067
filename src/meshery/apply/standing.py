"""How a wanted object stands to what is there: nothing, ours, given to us, or somebody else's.

What a former deployment of ours left behind is as good as ours.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from meshery.apply.marks import owner_of
from meshery.apply.plan import Node
from meshery.apply.target import Change, Object, Target
from meshery.core.errors import ConflictError, NotFoundError, Problem

Choice = Callable[[Node], bool]
"""Picks objects of a plan."""


class Standing(msgspec.Struct, frozen=True):
    """What is there by an object's name: `live` is it, whole; `owner` tells whose it is."""

    what: Literal["absent", "ours", "left", "adopted", "foreign"]
    live: Object | None = None
    owner: str = ""


async def standing_of(target: Target, node: Node, *, deployment: str, adopt: Choice) -> Standing:
    """Look at what is there."""
    try:
        live = await target.get(node.ref, whole=True)
    except NotFoundError:
        return Standing("absent")
    owner = owner_of(live, deployment)
    if owner.is_ours:
        return Standing("left" if owner.is_left else "ours", live)
    return Standing("adopted" if adopt(node) else "foreign", live, owner.name)


async def as_it_stands(target: Target, node: Node) -> Change:
    """What somebody else's object lacks of what is wanted: nothing, or a conflict.

    Tried without our marks. ConflictError also when others own fields that differ.
    """
    (change,) = await target.apply([node.document], dry_run=True)
    return change


def foreign(node: Node, owner: str, places: Sequence[Problem]) -> ConflictError:
    """The error of an object that is somebody else's and differs in `places` from what is wanted.

    Places are told without their values, which may be secret.
    """
    return ConflictError(
        f"{node.key} is not ours and differs from what is wanted",
        cause=f"it is of {owner}",
        remedy="adopt it, rename yours, or leave it out of the plan",
        code="meshery.apply.foreign",
        problems=places,
    )
