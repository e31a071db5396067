"""What an author wrote, apart from what the API server added; and where two such texts differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

_SERVERS = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


class FieldChange(msgspec.Struct, frozen=True):
    """One changed field: its path, and its value before and after; None is no value."""

    path: str
    before: Any = None
    after: Any = None


def authored(document: Mapping[str, Any]) -> dict[str, Any]:
    """The object without identity, counters, `managedFields` and `status`."""
    metadata = document.get("metadata") or {}
    kept = {name: value for name, value in metadata.items() if name not in _SERVERS}
    rest = {name: value for name, value in document.items() if name not in {"metadata", "status"}}
    return {**rest, "metadata": kept}


def field_changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[FieldChange, ...]:
    """Where two objects differ in what their author wrote.

    Items of a list that have names are compared by name, others by position when both lists are
    as long, else as a whole.
    """
    return tuple(
        _compare("", authored(before) if before else None, authored(after) if after else None)
    )


def _compare(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            child = f"{path}.{name}" if path else str(name)
            yield from _compare(child, before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and before != after:
        yield from _compare_lists(path, before, after)
    elif before != after:
        yield FieldChange(path, before, after)


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
    old, new = _by_name(before), _by_name(after)
    if old is not None and new is not None:
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _compare(f"{path}[{name}]", old.get(name), new.get(name))
    elif len(before) == len(after):
        for position, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from _compare(f"{path}[{position}]", left, right)
    else:
        yield FieldChange(path, before, after)


def _by_name(items: Sequence[Any]) -> dict[str, Any] | None:
    named = {item["name"]: item for item in items if isinstance(item, dict) and item.get("name")}
    return named if len(named) == len(items) else None
