"""What a person gives to apply: behaviours in their plain form, or objects in Kubernetes' shape.

One document, a list of them, or a `List` with `items`. All faults of all documents are told at
once, each with its line.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from meshery.apply.target import Object
from meshery.behaviours.document import behaviour_object, parse_behaviour
from meshery.behaviours.model import OBJECT_KIND
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument, parse_yaml

NAMESPACE = "default"


def read_objects(raw: bytes | str, *, source: str) -> list[Object]:
    """The objects of a text, YAML or JSON. InvalidInputError lists every fault with its line."""
    return objects_of_document(parse_yaml(raw, source=source))


def objects_of_document(document: YamlDocument) -> list[Object]:
    """The objects of a parsed document."""
    objects: list[Object] = []
    problems: list[Problem] = []
    for path, data in _demanded(document):
        try:
            objects.append(_object(data, _lines(document, path)))
        except InvalidInputError as error:
            problems += [_below(problem, path) for problem in error.problems]
    if problems:
        raise _faults(document.source, problems)
    return objects


def _demanded(document: YamlDocument) -> list[tuple[str, Any]]:
    """What is to be applied; nothing at all is a mistake, not a success."""
    items = list(_items(document.data))
    if not items:
        raise InvalidInputError(
            f"{document.source} holds nothing to apply",
            remedy="give one behaviour or object, or a list of them",
            code="meshery.behaviour",
            problems=[Problem("", "holds nothing to apply", document.line(""))],
        )
    return items


def _items(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict) and data.get("kind") == "List":
        items = data.get("items") or []
        if not isinstance(items, list):
            yield "items", items
            return
        for position, item in enumerate(items):
            yield f"items[{position}]", item
    elif isinstance(data, list):
        for position, item in enumerate(data):
            yield f"[{position}]", item
    else:
        yield "", data


def _object(data: Any, line: Callable[[str], int]) -> Object:
    if isinstance(data, dict) and "apiVersion" in data and data.get("kind") != OBJECT_KIND:
        return data
    behaviour = parse_behaviour(data, line)
    if "apiVersion" in data:
        return dict(data)
    return behaviour_object(behaviour, namespace=NAMESPACE)


def _lines(document: YamlDocument, path: str) -> Callable[[str], int]:
    return lambda within: document.line(_join(path, within))


def _below(problem: Problem, path: str) -> Problem:
    return msgspec.structs.replace(problem, path=_join(path, problem.path))


def _join(path: str, within: str) -> str:
    return f"{path}.{within}" if path and within else path or within


def _faults(source: str, problems: list[Problem]) -> InvalidInputError:
    count = len(problems)
    places = (
        f"line {each.line}: {each.path} {each.message}"
        if each.line
        else f"{each.path} {each.message}"
        for each in problems
    )
    return InvalidInputError(
        f"{source} has {count} fault{'s' if count > 1 else ''}",
        cause="; ".join(places),
        remedy="correct them and apply again; nothing was changed",
        code="meshery.behaviour",
        problems=problems,
    )
