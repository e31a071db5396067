"""Reading documents of foreign making: a field of the wrong kind is as good as absent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

Document = Mapping[str, Any]
EMPTY: Document = {}

# Made once: these are asked about every field of every pod.
_OBJECT = (dict, Mapping)
_LIST = (list, tuple)
_SCALAR = (str, int, float)


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, _OBJECT) else EMPTY


def sequence(value: Any) -> Sequence[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, _LIST) else ()


def text(value: Any) -> str:
    """A scalar as text; booleans as YAML writes them; empty for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _SCALAR) else ""


def number(value: Any) -> int:
    """A whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def dig(document: Any, path: str) -> Any:
    """The value at a dotted path, None where it leads nowhere."""
    for part in path.split("."):
        if not isinstance(document, _OBJECT):
            return None
        document = document.get(part)
    return document


def texts(value: Any) -> dict[str, str]:
    """An object of scalars, as labels, annotations and data are."""
    return {str(key): text(entry) for key, entry in mapping(value).items()}


def labels(document: Document) -> dict[str, str]:
    """The object's labels."""
    return texts(dig(document, "metadata.labels"))


def annotations(document: Document) -> dict[str, str]:
    """The object's annotations."""
    return texts(dig(document, "metadata.annotations"))


def name(document: Document) -> str:
    """The object's name."""
    return text(dig(document, "metadata.name"))


def namespace(document: Document) -> str:
    """The object's namespace; empty for a cluster-scoped one."""
    return text(dig(document, "metadata.namespace"))


def instant(value: Any) -> datetime | None:
    """An RFC 3339 time with its offset, None for anything else."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def conditions(document: Document) -> dict[str, str]:
    """The status of each condition by its type."""
    found = (mapping(entry) for entry in sequence(dig(document, "status.conditions")))
    return {text(entry.get("type")): text(entry.get("status")) for entry in found}


def selects(selector: Any, wanted: Mapping[str, str]) -> bool:
    """Whether a `metav1.LabelSelector` selects these labels; an empty or absent one selects all."""
    exact = mapping(mapping(selector).get("matchLabels"))
    expressions = sequence(mapping(selector).get("matchExpressions"))
    return all(wanted.get(key) == value for key, value in exact.items()) and all(
        _holds(mapping(expression), wanted) for expression in expressions
    )


def _holds(expression: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    value = wanted.get(text(expression.get("key")))
    values = sequence(expression.get("values"))
    operator = expression.get("operator")
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    if operator == "Exists":
        return value is not None
    return operator == "DoesNotExist" and value is None


def each_mapping(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    return (entry for entry in sequence(value) if isinstance(entry, Mapping))
