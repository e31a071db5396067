"""The difference of two objects, place by place; and which part of an object is its author's.

Mappings are compared key by key, lists item by item when both have the same length and as a whole
otherwise: a shifted list reads better as one change than as twenty.
"""

from collections.abc import Iterator
from typing import Any

from meshery.apply.target import Difference, Object

_STORE_OWNED = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}
)


def authored(document: Object) -> Object:
    """The object without what the store adds: identity, counters, and `status`."""
    metadata = {
        key: value
        for key, value in (document.get("metadata") or {}).items()
        if key not in _STORE_OWNED
    }
    rest = {key: value for key, value in document.items() if key not in {"metadata", "status"}}
    return {**rest, "metadata": metadata}


def differences(before: Object | None, after: Object | None) -> tuple[Difference, ...]:
    """Where two objects differ in what their author wrote; everything when either is missing."""
    if before is None or after is None:
        return (Difference("", before and authored(before), after and authored(after)),)
    return tuple(_compare("", authored(before), authored(after)))


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}, key=str):
            child = f"{path}.{key}" if path else str(key)
            yield from _compare(child, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compare(f"{path}[{position}]", old, new)
    elif before != after:
        yield Difference(path, before, after)
