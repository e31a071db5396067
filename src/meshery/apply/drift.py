"""How far what is there has gone from what a deployment applied: gone, replaced, changed.

Contents are compared by trying what is wanted on the target, so that defaults, and fields of which
the plan says nothing, are no drift.
"""

from typing import Literal

import msgspec

from meshery.apply.inventory import Entry, Inventory
from meshery.apply.marks import marked
from meshery.apply.masking import masked_differences
from meshery.apply.plan import Node, Plan
from meshery.apply.several import several
from meshery.apply.target import Difference, Object, Ref, Target
from meshery.core.errors import InvalidInputError, NotFoundError


class Drift(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object; `differences` lead from what is there to what is wanted, secrets hidden.

    `outdated`: the plan wants something else than was applied. `unknown`: it is the very object,
    but the plan does not say what it should be, or the place cannot try it any more.
    """

    key: str
    ref: Ref
    what: Literal["none", "gone", "replaced", "changed", "outdated", "unknown"]
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()


async def drift(target: Target, inventory: Inventory, plan: Plan) -> tuple[Drift, ...]:
    """Compare all of `inventory` with what is there and with what `plan` wants.

    UnavailableError when the target does not answer.
    """
    nodes = plan.by_key

    async def one(entry: Entry) -> Drift:
        return await _drift(target, entry, nodes.get(entry.key), deployment=plan.deployment)

    return tuple(await several(one, inventory.entries))


async def _drift(target: Target, entry: Entry, node: Node | None, *, deployment: str) -> Drift:
    try:
        live = await target.get(entry.ref)
    except NotFoundError:
        return Drift(entry.key, entry.ref, "gone")
    if entry.uid and live["metadata"]["uid"] != entry.uid:
        return Drift(entry.key, entry.ref, "replaced", notes=("another object has its name now",))
    if node is None:
        return Drift(entry.key, entry.ref, "unknown", notes=("the plan does not have it",))
    return await _compared(target, entry, node, marked(node.document, deployment))


async def _compared(target: Target, entry: Entry, node: Node, wanted: Object) -> Drift:
    try:
        # Forced, for a field that somebody else took over has drifted too.
        (change,) = await target.apply([wanted], dry_run=True, force=True)
    except (InvalidInputError, NotFoundError) as error:
        return Drift(entry.key, node.ref, "unknown", notes=(error.what, error.cause))
    found = masked_differences(node.ref, change.differences)
    if node.digest != entry.digest:
        return Drift(entry.key, node.ref, "outdated", found)
    return Drift(entry.key, node.ref, "changed" if found else "none", found, change.notes)
