"""When a Namespace got the labels and annotations by which meshes inject, as its managers tell.

A pod that is older has no proxy, and nothing else in the cluster says why.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from meshery.discovery.watch.tiers import MESH_GROUPS, belongs

_PARTS = ("labels", "annotations")
_BARE = "istio-injection"
"""The one mark that has no group before it."""


def marked_at(managed: Any) -> dict[str, dict[str, str]]:
    """By `labels` and `annotations`, by key: the time of the first manager that still owns it.

    A manager's time is that of its last change, so that each mark is as old or older. Empty where
    no mark of a mesh is there; what is not as `managedFields` are is left out.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in map(_mapping, managed if isinstance(managed, list) else []):
        time = entry.get("time")
        if isinstance(time, str):
            for part, key in _marks(entry):
                times = found.setdefault(part, {})
                times[key] = min(times.get(key, time), time)
    return found


def _marks(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fields = _mapping(_mapping(entry.get("fieldsV1")).get("f:metadata"))
    for part in _PARTS:
        for field in _mapping(fields.get(f"f:{part}")):
            key = field.removeprefix("f:")
            if key == _BARE or belongs(key.partition("/")[0], MESH_GROUPS):
                yield part, key


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
