"""Behaviours as documents: parse with all faults at once, write back, and lines kept.

The plain form, and the same as an object in Kubernetes' shape:

    name: canary                              apiVersion: sandbox.meshery.io/v1
    kind: split                               kind: Behaviour
    target: {service: api}                    metadata: {name: canary, namespace: shop}
    source: web                               spec:
    params:                                     kind: split
      backends:                                 target: {service: api}
        - {subset: v1, weight: 90}              source: web
        - {subset: v2, weight: 10}              params: {backends: [...]}

`target: api` is short for `target: {service: api}`; `canary` is another word for `split`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from meshery.behaviours.model import (
    API_VERSION,
    OBJECT_KIND,
    PARAMS,
    Behaviour,
    Kind,
    Target,
)
from meshery.behaviours.reading import Reading, join, kind_of, type_info
from meshery.behaviours.shape import Params
from meshery.core.durations import format_duration
from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import YamlDocument

_NAMES = ("name", "kind", "target", "source", "params")
_SHORT_FOR = {"canary": "split"}


def parse_behaviour(
    document: Any, lines: Mapping[str, int] | Callable[[str], int] | None = None
) -> Behaviour:
    """A behaviour from a plain document or an object; `lines` gives the line of each dotted path.

    InvalidInputError has every fault, each with path, line and hint.
    """
    reading = Reading(_line_finder(lines))
    behaviour = _behaviour(reading, document)
    if reading.problems or behaviour is None:
        problems = sorted(reading.problems, key=lambda each: (each.line, each.path))
        count = len(problems)
        raise InvalidInputError(
            f"the behaviour has {count} fault{'s' if count > 1 else ''}",
            cause="; ".join(f"{each.path or 'it'} {each.message}" for each in problems),
            remedy="correct them and try again",
            code="meshery.behaviour",
            problems=problems,
        )
    return behaviour


def parse_behaviour_file(document: YamlDocument) -> Behaviour:
    """A behaviour from a YAML document, faults with their lines."""
    return parse_behaviour(document.data, document.line)


def behaviour_document(behaviour: Behaviour) -> dict[str, Any]:
    """The plain document of a behaviour, defaults left out; `parse_behaviour` reads it back."""
    document: dict[str, Any] = {
        "name": behaviour.name,
        "kind": behaviour.kind.value,
        "target": msgspec.to_builtins(behaviour.target),
    }
    if behaviour.source is not None:
        document["source"] = behaviour.source
    document["params"] = params_document(behaviour.params)
    return document


def behaviour_object(behaviour: Behaviour, *, namespace: str) -> dict[str, Any]:
    """The object in Kubernetes' shape of a behaviour."""
    plain = behaviour_document(behaviour)
    return {
        "apiVersion": API_VERSION,
        "kind": OBJECT_KIND,
        "metadata": {"name": plain.pop("name"), "namespace": namespace},
        "spec": plain,
    }


def params_document(params: Params) -> dict[str, Any]:
    """Parameters as a document: Go durations, camelCase, defaults left out."""
    document = {}
    for field in type_info(type(params)).fields:  # type: ignore[attr-defined]
        value = getattr(params, field.name)
        if field.required or value != _default_of(field):
            is_duration = field.name.endswith("_ms") and value is not None
            document[field.encode_name] = (
                format_duration(value / 1000) if is_duration else _plain(value)
            )
    return document


def _behaviour(reading: Reading, document: Any) -> Behaviour | None:
    if not isinstance(document, dict):
        reading.fault("", f"must be a mapping, not {kind_of(document)}")
        return None
    body, name, path = _unwrap(reading, document)
    reading.known([str(key) for key in body], list(_NAMES[1:] if path else _NAMES), path)
    if not isinstance(name, str) or not name:
        reading.fault("metadata.name" if path else "name", "is missing")
    kind = _kind(reading, body, path)
    target = _target(reading, body, path)
    source = reading.struct(str, body["source"], join(path, "source")) if "source" in body else None
    params = None
    if kind is not None:
        params = reading.struct(PARAMS[kind], body.get("params") or {}, join(path, "params"))
    if reading.problems or kind is None or target is None or params is None:
        return None
    behaviour = Behaviour(name, kind, target, params, source or None)
    _check_together(reading, behaviour, path)
    return behaviour


def _unwrap(reading: Reading, document: dict[str, Any]) -> tuple[dict[str, Any], Any, str]:
    """The part that says the behaviour, its name, and where that part stands."""
    if "apiVersion" not in document:
        return document, document.get("name"), ""
    reading.known(
        [str(key) for key in document], ["apiVersion", "kind", "metadata", "spec", "status"], ""
    )
    if document["apiVersion"] != API_VERSION:
        reading.fault("apiVersion", f"{document['apiVersion']!r} is not known", API_VERSION)
    if document.get("kind") != OBJECT_KIND:
        reading.fault("kind", f"{document.get('kind')!r} is not a behaviour", OBJECT_KIND)
    metadata, spec = document.get("metadata"), document.get("spec")
    if not isinstance(spec, dict):
        reading.fault("spec", f"must be a mapping, not {kind_of(spec)}")
        spec = {}
    return spec, metadata.get("name") if isinstance(metadata, dict) else None, "spec"


def _kind(reading: Reading, body: dict[str, Any], path: str) -> Kind | None:
    if "kind" not in body:
        reading.fault(join(path, "kind"), "is missing", "one of " + ", ".join(Kind))
        return None
    word = body["kind"]
    word = _SHORT_FOR.get(word, word) if isinstance(word, str) else word
    return reading.struct(Kind, word, join(path, "kind"))


def _target(reading: Reading, body: dict[str, Any], path: str) -> Target | None:
    if "target" not in body:
        reading.fault(join(path, "target"), "is missing", "name the service: target: api")
        return None
    given = body["target"]
    plain = {"service": given} if isinstance(given, str) else given
    return reading.struct(Target, plain, join(path, "target"))


def _check_together(reading: Reading, behaviour: Behaviour, path: str) -> None:
    """What kind, target and parameters say only together."""
    whole_mesh = behaviour.target.service == "*"
    mesh_wide = behaviour.kind in {Kind.MTLS, Kind.EGRESS}
    if not behaviour.target.service:
        reading.fault(join(path, "target.service"), "is empty")
    if whole_mesh and behaviour.kind in {Kind.SPLIT, Kind.ROUTE, Kind.INGRESS}:
        reading.fault(join(path, "target.service"), "must be one service for this kind")
    if mesh_wide and behaviour.source is not None:
        hint = "the callers of an egress are its target" if behaviour.kind is Kind.EGRESS else ""
        reading.fault(join(path, "source"), f"has no meaning for {behaviour.kind}", hint)


def _line_finder(lines: Mapping[str, int] | Callable[[str], int] | None) -> Callable[[str], int]:
    if callable(lines):
        return lines
    return YamlDocument(None, dict(lines or {}), "").line


def _default_of(field: inspect.Field) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _plain(value: Any) -> Any:
    if isinstance(value, Params):
        return params_document(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
