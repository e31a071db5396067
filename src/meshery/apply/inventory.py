"""What a deployment owns, and what was there before it: the ground of prune, drift and undo.

Plain data. Former content may be secret: `sealed` takes it out of sight before an inventory is
stored, with the caller's own encryption, and `opened` brings it back.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from meshery.apply.graph import Graph, graph_of
from meshery.apply.masking import holds_secrets
from meshery.apply.target import Object, Ref
from meshery.apply.tiers import Tier
from meshery.core.errors import InvalidInputError


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object: which, and what it was before.

    `uid` is that of the very object; empty until it is known to be made. `existed` says that it was
    there before, `prior` how (None then: others made it at the same moment); `sealed` is `prior`
    encrypted. `digest` is of what was applied. `needs` and `tier` are its place in the order.
    """

    key: str
    ref: Ref
    uid: str = ""
    existed: bool = False
    prior: Object | None = None
    sealed: bytes = b""
    digest: str = ""
    needs: tuple[str, ...] = ()
    tier: Tier = Tier.WORKLOAD


class Inventory(msgspec.Struct, frozen=True, omit_defaults=True):
    """All objects of a deployment."""

    deployment: str
    entries: tuple[Entry, ...] = ()

    @property
    def graph(self) -> Graph:
        """What comes before what when they are applied."""
        return graph_of(self.entries)


def joined(former: Inventory, latest: Inventory) -> Inventory:
    """A deployment's inventory after another run.

    What was there before the deployment is known from the first run that met the object; what was
    applied, from the last one. An object is the same by its uid, even in another API group; one
    that was replaced meanwhile starts anew.
    """
    first = {entry.uid: entry for entry in former.entries if entry.uid}
    renewed = {entry.key: _since(first.get(entry.uid), entry) for entry in latest.entries}
    uids = {entry.uid for entry in latest.entries} - {""}
    kept = {entry.key: entry for entry in former.entries if entry.uid not in uids}
    entries = {**kept, **renewed}
    return Inventory(latest.deployment, tuple(entries[key] for key in sorted(entries)))


def _since(first: Entry | None, entry: Entry) -> Entry:
    if first is None:
        return entry
    return msgspec.structs.replace(
        entry, existed=first.existed, prior=first.prior, sealed=first.sealed
    )


def dropped(former: Inventory, *, keeping: Iterable[str], uids: Iterable[str] = ()) -> Inventory:
    """What a newer plan no longer has: to be pruned, as an inventory of its own.

    `keeping` are the newer plan's keys. An object that only changed its API group has another key
    and the same uid: `uids` are those of the newer inventory.
    """
    kept, same = frozenset(keeping), frozenset(uids) - {""}
    return without(former, [e.key for e in former.entries if e.key in kept or e.uid in same])


def without(inventory: Inventory, keys: Iterable[str]) -> Inventory:
    """The inventory less some of its objects."""
    gone = frozenset(keys)
    left = tuple(entry for entry in inventory.entries if entry.key not in gone)
    return msgspec.structs.replace(inventory, entries=left)


def sealed(
    entry: Entry,
    seal: Callable[[bytes], bytes],
    *,
    is_secret: Callable[[Object], bool] = holds_secrets,
) -> Entry:
    """The entry with its former content encrypted, if that is secret."""
    if entry.prior is None or not is_secret(entry.prior):
        return entry
    hidden = seal(msgspec.json.encode(entry.prior))
    return msgspec.structs.replace(entry, prior=None, sealed=hidden)


def opened(entry: Entry, unseal: Callable[[bytes], bytes]) -> Entry:
    """The entry with its former content readable."""
    if not entry.sealed:
        return entry
    prior = msgspec.json.decode(unseal(entry.sealed), type=dict[str, Any])
    return msgspec.structs.replace(entry, prior=prior, sealed=b"")


def check_opened(inventory: Inventory) -> None:
    """InvalidInputError when former content is still sealed: it could not be put back."""
    closed = [entry.key for entry in inventory.entries if entry.sealed]
    if closed:
        raise InvalidInputError(
            f"the former content of {', '.join(closed)} is sealed",
            remedy="open the inventory before it is used",
            code="meshery.apply.sealed",
        )
