"""JSON Schemas of native kinds in few words: what is not named is refused.

They are the structural subset of OpenAPI v3 that a CustomResourceDefinition takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
BOOL: Schema = {"type": "boolean"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
ANY: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def fields(required: Sequence[str] = (), /, **properties: Schema) -> Schema:
    """A mapping of these fields and no others; a trailing `_` of a name is dropped."""
    named = {name.removesuffix("_"): schema for name, schema in properties.items()}
    found: dict[str, Any] = {
        "type": "object",
        "properties": named,
        "additionalProperties": False,
    }
    return {**found, "required": list(required)} if required else found


def listing(items: Schema, *, least: int = 0, most: int = 0) -> Schema:
    """A list of items, `least` to `most` of them; 0 is no bound."""
    bounds = {"minItems": least} if least else {}
    return {"type": "array", "items": items, **bounds, **({"maxItems": most} if most else {})}


def whole(least: int = 0, most: int | None = None) -> Schema:
    """A whole number from `least` to `most`."""
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})}


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


def text(pattern: str) -> Schema:
    """A text of a pattern."""
    return {"type": "string", "pattern": pattern}


def resource(
    spec: Schema | None, *, metadata: Schema = ANY, required: Sequence[str] = ("spec",)
) -> Schema:
    """The schema of a whole object with this `spec`."""
    root: dict[str, Any] = {
        "apiVersion": TEXT,
        "kind": TEXT,
        "metadata": metadata,
        "status": ANY,
    }
    if spec is None:
        return {"type": "object", "properties": root}
    return {
        "type": "object",
        "properties": {**root, "spec": spec},
        "required": list(required),
    }
