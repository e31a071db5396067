"""Looking into native objects: those of a kind, and what they are called."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object


def of_kind(objects: Sequence[Object], kind: str, group: str = "") -> Iterator[Object]:
    """The objects of a kind, perhaps of one API group only, in any of its versions."""
    for each in objects:
        own = str(each.get("apiVersion", "")).rpartition("/")[0]
        if each.get("kind") == kind and (not group or own == group):
            yield each


def name_of(found: Object) -> str:
    """Its name; empty where it has none."""
    return str((found.get("metadata") or {}).get("name", ""))


def namespace_of(found: Object) -> str:
    """Its namespace; `default` where it says none."""
    return str((found.get("metadata") or {}).get("namespace") or "default")


def told(found: Object) -> str:
    """How it is named to people: `Kind namespace/name`."""
    return f"{found.get('kind')} {namespace_of(found)}/{name_of(found)}"


def at(found: Object, path: str) -> str:
    """Where something stands: the object, then a dotted path into it."""
    return f"{told(found)}: {path}"


def dig(found: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    value: Any = found
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
