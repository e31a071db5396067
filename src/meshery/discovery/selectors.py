"""Selectors of stored relations: as a `metav1.LabelSelector`, and as conditions of a query.

kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, false, select

from meshery.discovery.ingest.tables import kube_label, kube_object


def label_selector(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored selector as it would stand in an object: a map of labels is what must match."""
    if all(isinstance(value, str) for value in stored.values()):
        return {"matchLabels": stored}
    return stored


def label_conditions(stored: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    """For rows of `kube_object`: those that a stored selector selects."""
    selector = label_selector(stored)
    for key, value in selector.get("matchLabels", {}).items():
        yield _labelled(key, [value])
    for expression in selector.get("matchExpressions", ()):
        yield _condition(expression)


def _condition(expression: Mapping[str, Any]) -> ColumnElement[bool]:
    key, values = expression.get("key", ""), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return _labelled(key, values)
        case "NotIn":
            return ~_labelled(key, values)
        case "Exists":
            return _labelled(key)
        case "DoesNotExist":
            return ~_labelled(key)
        case _:
            return false()


def _labelled(key: str, values: list[str] | None = None) -> ColumnElement[bool]:
    query = select(kube_label.c.object_id).where(kube_label.c.key == key)
    if values is not None:
        query = query.where(kube_label.c.value.in_(values))
    return kube_object.c.id.in_(query)
