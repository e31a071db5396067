"""YAML from outside, read safely.

Plain types only, with the line of every key, bounded in size, depth and aliases.

The limits stop a "billion laughs" document before it is expanded; PyYAML alone has none of them.
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from meshery.core.errors import InvalidInputError, Problem

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
MAX_ALIASES = 64
MAX_REPEATED = 50_000
"""Nodes that aliases may add; a few dozen aliases of aliases would otherwise make billions."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlDocument(msgspec.Struct, frozen=True):
    """The data of a file and the line (from 1) of each dotted path; list items are `name[0]`."""

    data: Any
    lines: dict[str, int]
    source: str

    def line(self, path: str) -> int:
        """The line of `path`, else of its nearest parent, else 0."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get("", 0)


def read_yaml(path: Path) -> YamlDocument:
    """Read a file. InvalidInputError when it is missing, too large or malformed."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # one more than may be: the rest is never held
    except OSError as error:
        raise InvalidInputError(
            f"cannot read {path}",
            cause=str(error.strerror),
            remedy="check the path and its permissions",
        ) from error
    return parse_yaml(raw, source=str(path))


def parse_yaml(raw: bytes | str, *, source: str) -> YamlDocument:
    """Parse one document. `source` names it in errors."""
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise InvalidInputError(f"{source} is larger than {MAX_BYTES} bytes", remedy="split it")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    try:
        _refuse_bombs(text, source)
        node = yaml.compose(text, Loader=_Loader)
        lines: dict[str, int] = {}
        if node is not None:
            _refuse_growth(node, source)
            _index(node, "", lines)
        return YamlDocument(yaml.load(text, Loader=_Loader), lines, source)  # noqa: S506 - the loader is the safe one
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidInputError(
            f"{source} is not valid YAML",
            cause=f"line {line}: {error.problem or error.context}",
            remedy="correct the line; check indentation, quotes and colons",
            problems=[Problem("", str(error.problem or error.context), line)],
        ) from error
    # ValueError, OverflowError: a date or number YAML allows to write and Python cannot hold
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{source} is not valid YAML", cause=str(error)) from error


def _refuse_bombs(text: str, source: str) -> None:
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise InvalidInputError(
                f"{source} is nested or aliased too deeply",
                cause=f"line {line}: more than {MAX_DEPTH} levels or {MAX_ALIASES} aliases",
                remedy="write it flatter",
                problems=[Problem("", "too deep or too many aliases", line)],
            )


def _refuse_growth(root: Any, source: str) -> None:
    """InvalidInputError when the document, its aliases written out, is far larger than before."""
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 1  # what refers to itself is refused further on
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
        return sizes[id(node)]

    if size(root) - len(sizes) > MAX_REPEATED:
        raise InvalidInputError(
            f"{source} repeats itself too often",
            cause=f"its aliases stand for more than {MAX_REPEATED} further values",
            remedy="write it without aliases of aliases",
        )


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _index(node: Any, path: str, lines: dict[str, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = f"{path}.{key.value}" if path else str(key.value)
            lines.setdefault(child, key.start_mark.line + 1)
            _index(value, child, lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _index(value, f"{path}[{position}]", lines)
