"""Reading the fields of a document from outside, collecting every fault with its place and line.

A reader never raises while it reads: it notes the fault, answers a harmless value and goes on,
so that a person corrects a file once. `finish` raises what was noted.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument


class Fields:
    """One mapping of a document: typed access by key, faults noted in the document's one list."""

    def __init__(
        self, data: Any, *, path: str, document: YamlDocument, problems: list[Problem]
    ) -> None:
        self.path = path
        self._document = document
        self._problems = problems
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.fault("", f"must be a mapping, not {_kind_of(data)}")

    @classmethod
    def of(cls, document: YamlDocument) -> "Fields":
        """The root of a document."""
        return cls(document.data, path="", document=document, problems=[])

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def fault(self, key: str, message: str, hint: str = "") -> None:
        """Note a fault of `key`, or of the mapping itself when it is empty."""
        path = ".".join(part for part in (self.path, key) if part)
        self._problems.append(Problem(path, message, self._document.line(path), hint))

    def only(self, *known: str) -> None:
        """Note every key that is not one of `known`, with the nearest that is."""
        for key in self._data:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean {near[0]}?" if near else "known: " + ", ".join(known)
                self.fault(str(key), "unknown field", hint)

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without a default it must be there."""
        value = self._value(key, default)
        if value is None or isinstance(value, str):
            return value or ""
        self.fault(key, f"must be a text, not {_kind_of(value)}", f'write "{value}"')
        return ""

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of `choices`. YAML reads a bare `off` as false: it is taken for the word."""
        if self._data.get(key) is False and "off" in choices:
            return "off"
        value = self.text(key, default)
        if value not in choices:
            self.fault(key, f"{value!r} is not possible", "one of " + ", ".join(choices))
            return default
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._data.get(key, default)
        if isinstance(value, bool):
            return value
        self.fault(key, f"must be true or false, not {_kind_of(value)}")
        return default

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """A number within bounds."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(key, f"must be a number, not {_kind_of(value)}")
            return float(default)
        if not low <= value <= high:
            self.fault(key, f"must lie between {low:g} and {high:g}, not {value:g}")
            return float(default)
        return float(value)

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self.number(key, default, low=low, high=high)
        if not value.is_integer():
            self.fault(key, f"must be a whole number, not {value:g}")
            return default
        return int(value)

    def duration_ms(self, key: str, default_ms: float = 0.0) -> float:
        """A Go duration (`5ms`), in milliseconds; never negative."""
        if key not in self._data:
            return default_ms
        value = self._data[key]
        try:
            seconds = parse_duration(str(value))
        except InvalidInputError as error:
            self.fault(key, error.what, error.remedy)
            return default_ms
        if seconds < 0:
            self.fault(key, "must not be negative")
            return default_ms
        return seconds * 1000

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when missing."""
        found = []
        for position, value in enumerate(self._list(key)):
            if isinstance(value, str):
                found.append(value)
            else:
                self.fault(f"{key}[{position}]", f"must be a text, not {_kind_of(value)}")
        return tuple(found)

    def child(self, key: str) -> "Fields":
        """A mapping within; a missing one reads as empty and its missing fields are told."""
        return self._below(self._data.get(key, {}), key)

    def children(self, key: str) -> Iterator["Fields"]:
        """A list of mappings."""
        for position, value in enumerate(self._list(key)):
            yield self._below(value, f"{key}[{position}]")

    def finish(self, what: str, *, code: str = "meshery.sandbox.spec") -> None:
        """InvalidInputError with all faults noted, in the order of lines; `what` has them."""
        if not self._problems:
            return
        problems = sorted(self._problems, key=lambda problem: (problem.line, problem.path))
        places = (f"line {each.line}: {each.path} {each.message}" for each in problems)
        raise InvalidInputError(
            f"{what} has {len(problems)} fault{'s' if len(problems) > 1 else ''}",
            cause="; ".join(places),
            remedy="correct them and try again",
            code=code,
            problems=problems,
        )

    def _below(self, data: Any, key: str) -> "Fields":
        path = f"{self.path}.{key}" if self.path else key
        return Fields(data, path=path, document=self._document, problems=self._problems)

    def _value(self, key: str, default: Any) -> Any:
        if key not in self._data and default is None:
            self.fault(key, "is missing")
        return self._data.get(key, default)

    def _list(self, key: str) -> list[Any]:
        value = self._data.get(key) or []
        if isinstance(value, list):
            return value
        self.fault(key, f"must be a list, not {_kind_of(value)}")
        return []


def _kind_of(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "nothing" if value is None else "a number")
