"""What the servers of a broker keep beyond the life of their pods: a claim each.

A StatefulSet cannot change its claims once it stands. Servers that stand go on as they are; what of
a wish they cannot have is told, with the way to have it.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.operator.model import Storage

FILE_STORE_BYTES = 2 * 1024**3
"""Of servers without storage of their own."""
_SHARE = 0.8
"""Of a volume; the rest is for the file system, and for what NATS writes beside messages."""
_SIZE = re.compile(r"([1-9][0-9]{0,5})(Mi|Gi|Ti)")
_UNITS = {"Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
_CLAIM = "data"


def size_bytes(storage: Storage) -> int:
    """How large a volume is. InvalidInputError for what is no size."""
    found = _SIZE.fullmatch(storage.size)
    if found is None:
        raise InvalidInputError(
            f"{storage.size!r:.40} is no size of a volume", remedy="write it as 2Gi"
        )
    return int(found[1]) * _UNITS[found[2]]


def file_store_bytes(storage: Storage | None) -> int:
    """How much of it messages may take; without storage a fixed amount."""
    return int(size_bytes(storage) * _SHARE) if storage else FILE_STORE_BYTES


def claims(storage: Storage, labels: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a StatefulSet's spec that give each server a volume named `data`.

    A server that is not wanted any more leaves nothing: were it to come again, what it kept would
    be out of date, and it has all from the others.
    """
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage.size}},
    }
    if storage.storage_class_name is not None:
        spec["storageClassName"] = storage.storage_class_name
    template = {"metadata": {"name": _CLAIM, "labels": dict(labels)}, "spec": spec}
    policy = {"whenDeleted": storage.when_deleted, "whenScaled": "Delete"}
    return {"volumeClaimTemplates": [template], "persistentVolumeClaimRetentionPolicy": policy}


def fitting(
    wanted: Storage | None, servers: Mapping[str, Any] | None
) -> tuple[Storage | None, str]:
    """The storage that servers can have, and what they cannot: why, and what to do about it.

    `servers` is their StatefulSet, None before there is one.
    """
    if wanted:
        size_bytes(wanted)
    if servers is None:
        return wanted, ""
    held = _held(servers["spec"])
    name = servers["metadata"]["name"]
    if wanted is None or held is None:
        return held, "" if wanted is held else _added_or_taken(name, is_added=held is None)
    kept = msgspec.structs.replace(held, when_deleted=wanted.when_deleted)
    if held.storage_class_name != wanted.storage_class_name:
        return kept, (
            f"spec.storage.storageClassName of servers that stand cannot change; "
            f"{_anew(name)} and of its claims {_CLAIM}-{name}-*"
        )
    return kept, _resized(name, held, wanted)


def _held(spec: Mapping[str, Any]) -> Storage | None:
    for template in spec.get("volumeClaimTemplates") or ():
        if template["metadata"]["name"] == _CLAIM:
            claim = template["spec"]
            policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
            return Storage(
                claim["resources"]["requests"]["storage"],
                claim.get("storageClassName"),
                policy.get("whenDeleted", "Retain"),
            )
    return None


def _resized(name: str, held: Storage, wanted: Storage) -> str:
    if size_bytes(wanted) == size_bytes(held):
        return ""
    what = f"spec.storage.size of servers that stand cannot become {wanted.size} from {held.size}"
    if size_bytes(wanted) < size_bytes(held):
        return f"{what}; {_anew(name)} and of its claims {_CLAIM}-{name}-*"
    return (
        f"{what} here; ask for {wanted.size} in each of the claims {_CLAIM}-{name}-*, if their "
        f"storage class lets them grow, then: kubectl delete statefulset {name} --cascade=orphan"
    )


def _added_or_taken(name: str, *, is_added: bool) -> str:
    what = "given to" if is_added else "taken from"
    return f"spec.storage cannot be {what} servers that stand; {_anew(name)}"


def _anew(name: str) -> str:
    return (
        "take it back, or have them made anew, without what they store now, by deletion of the "
        f"StatefulSet {name}"
    )
