r"""What a person sets: files of values laid over each other, then `--set NAME=VALUE`, as in Helm.

Later layers win; mappings are laid over each other, lists and everything else is replaced; null
takes a default of the chart away. `set_into` follows helm.sh/docs/intro/using_helm (the format and
limitations of --set): `a.b=1`, `a[0].b=x`, `a={x,y}`, `a\.b=1`, several after commas.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from meshery.core.errors import InvalidInputError, Problem
from meshery.kube.helm.model import Values

MAX_INDEX = 65_536
MAX_DEPTH = 30

_WHOLE = re.compile(r"-?[1-9][0-9]*|-?0")
_LONG = 2**63


def merged(*layers: Mapping[str, Any]) -> Values:
    """The layers laid over each other, the last on top; none of them is changed."""
    result: Values = {}
    for layer in layers:
        for name, value in layer.items():
            below = result.get(name)
            if isinstance(value, Mapping) and isinstance(below, dict):
                result[name] = merged(below, value)
            else:
                result[name] = copy.deepcopy(value)
    return result


def values_of(files: Iterable[Mapping[str, Any]], *, sets: Iterable[str] = ()) -> Values:
    """Files in their order, then expressions in theirs. InvalidInputError for one that is none."""
    values = merged(*files)
    for expression in sets:
        set_into(values, expression)
    return values


def set_into(values: Values, expression: str, *, as_text: bool = False) -> None:
    """Set what an expression says; `as_text` leaves numbers and `true` as they are written."""
    _Expression(expression, as_text=as_text).set_into(values)


class _Expression:
    """Reads an expression from left to right."""

    def __init__(self, text: str, *, as_text: bool) -> None:
        self._text = text
        self._at = 0
        self._as_text = as_text

    def set_into(self, values: Values) -> None:
        """All assignments of it."""
        while True:
            path = self._path()
            _put(values, path, self._value(), self._fault)
            if self._at >= len(self._text):
                return
            self._at += 1  # the comma

    def _path(self) -> list[str | int]:
        """Names and places, up to the equals sign."""
        path: list[str | int] = []
        while True:
            name, end = self._word(".[=,")
            if name or (end == "[" and not path):
                path.append(name)
            elif end != "[" and not (path and isinstance(path[-1], int)):
                raise self._fault("a name is missing")
            while end == "[":
                path.append(self._index())
                rest, end = self._word(".[=,")
                if rest:
                    raise self._fault(f"{rest!r} follows a place in a list")
            if len(path) > MAX_DEPTH:
                raise self._fault(f"it is deeper than {MAX_DEPTH} names")
            if end == "=":
                return path
            if end != ".":
                raise self._fault(f"{name!r} has no value")

    def _index(self) -> int:
        digits, end = self._word("]")
        if end != "]" or not digits.isascii() or not digits.isdigit() or len(digits) > 6:
            raise self._fault(f"[{digits} is no place in a list")
        if int(digits) > MAX_INDEX:
            raise self._fault(f"place {digits} is beyond {MAX_INDEX}")
        return int(digits)

    def _value(self) -> Any:
        if self._text[self._at : self._at + 1] != "{":
            word, end = self._word(",")
            self._at -= 1 if end else 0
            return self._typed(word)
        self._at += 1
        listed: list[Any] = []
        while True:
            word, end = self._word(",}")
            if not end:
                raise self._fault("a list does not end with }")
            listed.append(self._typed(word))
            if end == "}":
                if self._text[self._at : self._at + 1] not in {"", ","}:
                    raise self._fault("something follows a list")
                return listed

    def _word(self, ends: str) -> tuple[str, str]:
        """The text up to one of `ends`, and which one it was; a backslash takes their meaning."""
        letters: list[str] = []
        while self._at < len(self._text):
            letter = self._text[self._at]
            self._at += 1
            if letter == "\\":
                letters.append(self._text[self._at : self._at + 1])
                self._at += 1
            elif letter in ends:
                return "".join(letters), letter
            else:
                letters.append(letter)
        return "".join(letters), ""

    def _typed(self, word: str) -> Any:
        if self._as_text:
            return word
        lowered = word.lower()
        if lowered in {"true", "false"}:
            return lowered == "true"
        if lowered == "null":
            return None
        if _WHOLE.fullmatch(word) and -_LONG <= int(word) < _LONG:
            return int(word)
        return word

    def _fault(self, message: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self._text[:200]!r} cannot be set",
            cause=f"up to character {self._at}: {message}",
            remedy="write NAME=VALUE, as in a.b=1, a[0]=x, a={x,y}; a backslash before a dot or "
            "comma that belongs to the word",
            code="meshery.helm.set",
            problems=[Problem("--set", message)],
        )


def _put(values: Values, path: list[str | int], value: Any, fault: Any) -> None:
    """Set a place, making mappings and lists on the way."""
    place: Any = values
    for position, step in enumerate(path):
        if not _takes(place, step):
            kind = "list" if isinstance(step, int) else "mapping"
            raise fault(f"{path[position - 1]!r} is no {kind}")
        if isinstance(step, int):
            place.extend([None] * (step + 1 - len(place)))
        if position == len(path) - 1:
            place[step] = value
            return
        if isinstance(step, str):
            place.setdefault(step, None)
        if place[step] is None:
            place[step] = [] if isinstance(path[position + 1], int) else {}
        place = place[step]


def _takes(place: Any, step: str | int) -> bool:
    return isinstance(place, list) if isinstance(step, int) else isinstance(place, dict)
