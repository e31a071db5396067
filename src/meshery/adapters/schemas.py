"""JSON Schemas of typed classes, as documents are written."""

from typing import Any

import msgspec

from meshery.adapters.model import BehaviourKind
from meshery.behaviours.describe import summary_of
from meshery.behaviours.model import PARAMS, Kind
from meshery.core.durations import format_duration

DURATION = "go-duration"
"""The `format` of a text such as 500ms."""


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type that msgspec knows; nothing for None."""
    return {} if kind in {None, type(None)} else _written(msgspec.json.schema(kind))


def behaviour_kinds() -> tuple[BehaviourKind, ...]:
    """All neutral kinds, each with the schema of its parameters."""
    return tuple(
        BehaviourKind(kind.value, summary_of(kind), schema_of(PARAMS[kind])) for kind in Kind
    )


def _written(node: Any) -> Any:
    """A schema as documents follow it: durations are texts there, unknown names are refused."""
    if isinstance(node, list | tuple):
        return [_written(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == DURATION:
        return _duration(node)
    made = {key: _written(each) for key, each in node.items() if key != "default"}
    default = node.get("default")
    if "default" in node and not isinstance(default, dict):  # a mapping's fields have their own
        made["default"] = _written(default)
    if node.get("type") == "object" and "properties" in node:
        made["additionalProperties"] = False
    return made


def _duration(node: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        key: value for key, value in node.items() if key in {"title", "description"}
    }
    made |= {"type": "string", "format": DURATION}
    if "default" in node:
        made["default"] = format_duration(node["default"] / 1000)
    return made
