"""What applying or deleting objects would change: pure, from the objects there are to those to be.

The same plan answers a dry run and is carried out, so that both say the same.
"""

from collections.abc import Mapping, Sequence

import msgspec

from meshery.apply.difference import differences
from meshery.apply.shape import check_shape, check_uid, check_version, stamp
from meshery.apply.target import Change, Object, Ref, ref_of
from meshery.core.errors import ConflictError, NotFoundError
from meshery.sandbox.objects import KINDS
from meshery.sandbox.spec import spec_from_object
from meshery.sandbox.store import Edit


class Plan(msgspec.Struct, frozen=True):
    """A change worked out: what is told (`changes`), written (`edits`), and kept (`objects`)."""

    changes: tuple[Change, ...]
    edits: tuple[Edit, ...]
    objects: tuple[Object, ...]


def plan_apply(
    wanted: Sequence[Object], current: Sequence[Object], *, version: int, dry_run: bool
) -> Plan:
    """Put all of `wanted`. InvalidInputError with every fault; ConflictError for a stale one."""
    check_shape(wanted, KINDS)
    held = {ref_of(document): document for document in current}
    changes: list[Change] = []
    edits: list[Edit] = []
    for document in wanted:
        ref = ref_of(document)
        before = held.get(ref)
        check_version(document, before)
        _check_sandbox(document, before)
        stored = stamp(document, before, resource_version=version + len(edits) + 1)
        found = differences(before, stored)
        if before is not None and not found:
            changes.append(Change(ref, "unchanged", dry_run, stored=before))
            continue
        if before is not None:
            changes.append(Change(ref, "configured", dry_run, found, stored=stored))
            edits.append(Edit("modified", stored))
        else:
            changes.append(Change(ref, "created", dry_run, found, stored=stored))
            edits.append(Edit("added", stored))
        held[ref] = stored
    return Plan(tuple(changes), tuple(edits), _in_order(held))


def plan_delete(
    refs: Sequence[Ref],
    current: Sequence[Object],
    *,
    uids: Mapping[Ref, str] | None = None,
    dry_run: bool,
) -> Plan:
    """Take objects away. NotFoundError when one is not there; ConflictError for the Sandbox.

    And for an object that has another uid than is given for it.
    """
    held = {ref_of(document): document for document in current}
    changes: list[Change] = []
    edits: list[Edit] = []
    for ref in refs:
        if ref not in held:
            raise NotFoundError(
                f"there is no {ref}",
                remedy="it may have been undone already",
                code="meshery.sandbox.no_object",
            )
        if ref.kind == "Sandbox":
            raise ConflictError(
                "the Sandbox object is what all the others belong to",
                remedy=f"take the sandbox down: mesheryctl sandbox down {ref.name}",
            )
        check_uid(ref, (uids or {}).get(ref, ""), held[ref])
        document = held.pop(ref)
        changes.append(Change(ref, "deleted", dry_run, differences(document, None)))
        edits.append(Edit("deleted", document))
    return Plan(tuple(changes), tuple(edits), _in_order(held))


def _check_sandbox(document: Object, before: Object | None) -> None:
    """A sandbox has one Sandbox object; what runs is said by its Deployments once it is up."""
    if document["kind"] != "Sandbox":
        return
    if before is None:
        raise ConflictError(
            f"{ref_of(document)} is another sandbox",
            remedy="start it on its own: mesheryctl sandbox up -f FILE",
        )
    if spec_from_object(document).services != spec_from_object(before).services:
        raise ConflictError(
            "the services of a running sandbox are not changed by its Sandbox object",
            remedy="apply Deployments, Services and ServiceAccounts, or take it down and up again",
        )


def _in_order(held: Mapping[Ref, Object]) -> tuple[Object, ...]:
    return tuple(held[ref] for ref in sorted(held))
