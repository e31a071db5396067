"""What ProcessOAM carries: components and a configuration as JSON, in either casing of names.

Go reads names without regard to case, and writes those of types without tags with a capital; both
come. The real kind of a component stands in annotations, of which there are two vintages.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.adapters.model import Component
from meshery.core.errors import InvalidInputError

_API_VERSION = (
    "design.meshmodel.io.k8s.APIVersion",
    "pattern.meshery.io.mesh.workload.k8sAPIVersion",
)
_KIND = ("design.meshmodel.io.k8s.Kind", "pattern.meshery.io.mesh.workload.k8sKind")


class OamComponent(msgspec.Struct, frozen=True, kw_only=True):
    """A component: its `type` in the original's registry, and what it comes to."""

    type: str
    version: str
    component: Component


class Trait(msgspec.Struct, frozen=True):
    """A trait of a component, with its properties."""

    component: str
    name: str
    properties: Mapping[str, Any] = {}


def read_component(text: str) -> OamComponent:
    """A component of its JSON. InvalidInputError says what is wrong."""
    body = _mapping(text, "the component")
    metadata, spec = _inner(body, "metadata"), _inner(body, "spec")
    annotations = _texts(metadata, "annotations")
    kind = str(_of(spec, "type") or "")
    if not kind or not _of(metadata, "name"):
        raise InvalidInputError("the component lacks metadata.name or spec.type")
    return OamComponent(
        type=kind,
        version=str(_of(spec, "version") or ""),
        component=Component(
            api_version=_first(annotations, _API_VERSION) or str(_of(spec, "apiVersion") or ""),
            kind=_first(annotations, _KIND) or kind,
            name=str(_of(metadata, "name")),
            namespace=str(_of(metadata, "namespace") or ""),
            labels=_texts(metadata, "labels"),
            annotations={
                key: value
                for key, value in annotations.items()
                if key not in {*_API_VERSION, *_KIND}
            },
            settings=_inner(spec, "settings"),
        ),
    )


def read_traits(text: str) -> list[Trait]:
    """The traits of a configuration's components; none of an empty text."""
    if not text.strip():
        return []
    body = _mapping(text, "the configuration")
    components = _of(_inner(body, "spec"), "components")
    return [
        Trait(
            str(_of(component, "componentName") or ""),
            str(_of(trait, "name") or ""),
            _inner(trait, "properties"),
        )
        for component in _mappings(components)
        for trait in _mappings(_of(component, "traits"))
    ]


def _mapping(text: str, what: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidInputError(f"{what} is no JSON object", cause=str(error)) from error


def _of(body: Mapping[str, Any], name: str) -> Any:
    """A value by its name in any casing; the exact one first, as Go has it."""
    if name in body:
        return body[name]
    return next((value for key, value in body.items() if key.lower() == name.lower()), None)


def _inner(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = _of(body, name)
    return found if isinstance(found, dict) else {}


def _mappings(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _texts(body: Mapping[str, Any], name: str) -> dict[str, str]:
    return {key: str(value) for key, value in _inner(body, name).items()}


def _first(found: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((found[name] for name in names if found.get(name)), "")
