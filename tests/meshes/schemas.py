"""Rendered objects against the mesh's own schemas: what the renderer writes, its kinds know."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Mesh

CORE = {("v1", "Service"), ("v1", "Namespace")}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def faults(mesh: Mesh, objects: Iterable[Object]) -> list[str]:
    """Every place where an object is not what the schema of its kind says."""
    kinds = {(each.api_version, each.kind): each.schema for each in mesh.kinds}
    found = []
    for made in objects:
        key = (made["apiVersion"], made["kind"])
        if key in CORE:
            continue
        if key not in kinds:
            found.append(f"{key} has no schema")
        else:
            name = f"{made['kind']} {made['metadata']['name']}"
            found += [f"{name} {each}" for each in _faults(kinds[key], made, "")]
    return found


def _faults(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    wanted = schema.get("type")
    if wanted and not _is(wanted, value):
        yield f"{place} is no {wanted}: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}: {value!r}"
    if isinstance(value, dict):
        yield from _mapping(schema, value, place)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{place} has {len(value)} items"
        for position, item in enumerate(value):
            yield from _faults(schema.get("items", {}), item, f"{place}[{position}]")
    else:
        yield from _plain(schema, value, place)


def _plain(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{place} is not like {schema['pattern']}: {value!r}"
        if len(value) < schema.get("minLength", 0):
            yield f"{place} is too short"
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{place} is out of bounds: {value}"


def _mapping(schema: Mapping[str, Any], value: dict[str, Any], place: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place}.{name} is missing"
    more = schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in properties:
            yield from _faults(properties[name], item, f"{place}.{name}")
        elif more is False:
            yield f"{place}.{name} is unknown"
        elif isinstance(more, dict):
            yield from _faults(more, item, f"{place}.{name}")


def _is(wanted: str, value: Any) -> bool:
    if isinstance(value, bool) and wanted in {"integer", "number"}:
        return False
    return isinstance(value, _TYPES[wanted])
