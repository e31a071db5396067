"""Secrets' values are not shown: in a Secret, `data` and `stringData`, and kubectl's copy of it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from meshery.apply.target import Difference, Object, Ref

HIDDEN = "(hidden)"
_VALUES = ("data", "stringData")
_ANNOTATIONS = "metadata.annotations"
_COPY = "kubectl.kubernetes.io/last-applied-configuration"


def holds_secrets(document: Object) -> bool:
    """Whether an object is a Secret."""
    return (document.get("apiVersion"), document.get("kind")) == ("v1", "Secret")


def masked(document: Object) -> Object:
    """The object with its secrets' values hidden; their names stay."""
    if not holds_secrets(document):
        return document
    shown = {**document}
    for name in _VALUES:
        if name in shown:
            shown[name] = _hidden(shown[name])
    metadata = document.get("metadata") or {}
    if _COPY in (metadata.get("annotations") or {}):
        annotations = {**metadata["annotations"], _COPY: HIDDEN}
        shown["metadata"] = {**metadata, "annotations": annotations}
    return shown


def masked_differences(ref: Ref, found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Differences of an object; of a Secret only where it differs, not in what."""
    if (ref.api_version, ref.kind) != ("v1", "Secret"):
        return tuple(found)
    return tuple(
        msgspec.structs.replace(
            each, before=_shown(each.path, each.before), after=_shown(each.path, each.after)
        )
        for each in found
    )


def _shown(path: str, value: Any) -> Any:
    if value is None:
        return None
    if not path:
        return masked(value)
    if path.partition(".")[0] in _VALUES or path == f"{_ANNOTATIONS}.{_COPY}":
        return _hidden(value)
    if path == _ANNOTATIONS and isinstance(value, dict) and _COPY in value:
        return {**value, _COPY: HIDDEN}
    return value


def _hidden(value: Any) -> Any:
    return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN
