"""From a plain document to declared parameters, noting every fault at once.

One reader serves all kinds: it walks the types of `shape.Params`. It never raises while it reads;
a faulty field is noted and takes its default, so that a person corrects a document once.
"""

import difflib
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import inspect

from meshery.behaviours.shape import Params
from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, Problem

T = TypeVar("T")

_WRONG = object()


@cache
def type_info(kind: Any) -> inspect.Type:
    """What msgspec knows of a declared type; to walk it takes longer than to read a document."""
    return inspect.type_info(kind)


class Reading:
    """One document being read: the line of each path, and the faults found so far."""

    def __init__(self, line_of: Callable[[str], int]) -> None:
        self._line_of = line_of
        self.problems: list[Problem] = []

    def fault(self, path: str, message: str, hint: str = "") -> Any:
        """Note a fault; answers the mark of a wrong value."""
        self.problems.append(Problem(path, message, self._line_of(path), hint))
        return _WRONG

    def struct(self, kind: type[T], data: Any, path: str) -> T | None:
        """A value of a declared type; None when it has faults, which are noted."""
        value = self.value(type_info(cast("Any", kind)), data, path)
        return None if value is _WRONG else value

    def value(self, info: inspect.Type, data: Any, path: str) -> Any:
        """A value of any type that parameters use."""
        if isinstance(info, inspect.UnionType):
            return None if data is None else self.value(_without_none(info), data, path)
        if isinstance(info, inspect.Metadata):
            return self._duration(data, path)
        if isinstance(info, inspect.StructType):
            return self._struct(info, data, path)
        if isinstance(info, inspect.DictType | inspect.VarTupleType):
            return self._collection(info, data, path)
        return self._plain(info, data, path)

    def _collection(
        self, info: inspect.DictType | inspect.VarTupleType, data: Any, path: str
    ) -> Any:
        if isinstance(info, inspect.DictType):
            return self._mapping(info, data, path)
        return self._list(info, data, path)

    def known(self, given: list[str], names: list[str], path: str) -> None:
        """Note every key that is not a known name, with the nearest that is."""
        for key in given:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f"did you mean {near[0]}?" if near else "known: " + ", ".join(names)
                self.fault(join(path, key), "unknown parameter", hint)

    def _struct(self, info: inspect.StructType, data: Any, path: str) -> Any:
        if not isinstance(data, dict):
            return self.fault(path, f"must be a mapping, not {kind_of(data)}")
        before = len(self.problems)
        keys = {"on" if key is True else str(key): value for key, value in data.items()}  # YAML 1.1
        self.known(list(keys), [field.encode_name for field in info.fields], path)
        given = self._fields(info, keys, path)
        if given is not None:
            made = info.cls(**given)
            if isinstance(made, Params):
                for fault in made.faults():
                    self.fault(join(path, fault.field), fault.message, fault.hint)
            if len(self.problems) == before:
                return made
        return _WRONG

    def _fields(
        self, info: inspect.StructType, data: dict[str, Any], path: str
    ) -> dict[str, Any] | None:
        """What is right; None when a field that must be there is missing or wrong."""
        given: dict[str, Any] = {}
        complete = True
        for field in info.fields:
            place, value = join(path, field.encode_name), _WRONG
            if field.encode_name in data:
                value = self.value(field.type, data[field.encode_name], place)
            elif field.required:
                self.fault(place, "is missing")
            if value is not _WRONG:
                given[field.name] = value
            complete = complete and (value is not _WRONG or not field.required)
        return given if complete else None

    def _list(self, info: inspect.VarTupleType, data: Any, path: str) -> Any:
        if not isinstance(data, list | tuple):
            return self.fault(path, f"must be a list, not {kind_of(data)}")
        items = [
            self.value(info.item_type, item, f"{path}[{place}]") for place, item in enumerate(data)
        ]
        return _WRONG if any(item is _WRONG for item in items) else tuple(items)

    def _mapping(self, info: inspect.DictType, data: Any, path: str) -> Any:
        if not isinstance(data, dict):
            return self.fault(path, f"must be a mapping, not {kind_of(data)}")
        items = {
            str(key): self.value(info.value_type, value, join(path, str(key)))
            for key, value in data.items()
        }
        return _WRONG if any(item is _WRONG for item in items.values()) else items

    def _duration(self, data: Any, path: str) -> Any:
        if not isinstance(data, str):
            hint = f'write "{data}ms" or "{data}s"' if isinstance(data, int | float) else ""
            return self.fault(path, f"must be a duration such as 500ms, not {kind_of(data)}", hint)
        try:
            seconds = parse_duration(data)
        except InvalidInputError as error:
            return self.fault(path, error.what, error.remedy)
        if seconds < 0:
            return self.fault(path, "must not be negative")
        return round(seconds * 1000, 6)

    def _plain(self, info: inspect.Type, data: Any, path: str) -> Any:
        if isinstance(info, inspect.StrType) and _is_number(data):
            data = f"{data:g}" if isinstance(data, float) else str(data)  # YAML reads 503 as number
        if data is False and isinstance(info, inspect.LiteralType) and "off" in info.values:
            data = "off"  # and a bare off as false
        try:
            return msgspec.convert(data, _python_type(info), strict=True)
        except msgspec.ValidationError as error:
            return self.fault(path, _in_words(info, data, error), _hint_for(info, data))


def join(path: str, name: str) -> str:
    """A place below a path: `spec.params` and `backends[0]` give `spec.params.backends[0]`."""
    return ".".join(part for part in (path, name) if part)


def kind_of(data: Any) -> str:
    """What a value is, in words."""
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(data), "nothing" if data is None else "a number")


def _is_number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


def _without_none(info: inspect.UnionType) -> inspect.Type:
    return next(each for each in info.types if not isinstance(each, inspect.NoneType))


def _python_type(info: inspect.Type) -> Any:
    """The Python type, with its bounds, that msgspec converts to."""
    if isinstance(info, inspect.LiteralType):
        return Literal[tuple(info.values)]
    if isinstance(info, inspect.EnumType):
        return info.cls
    plain: Any = {
        inspect.StrType: str,
        inspect.BoolType: bool,
        inspect.IntType: int,
        inspect.FloatType: float,
    }[type(info)]
    if isinstance(info, inspect.IntType | inspect.FloatType):
        return Annotated[plain, msgspec.Meta(ge=info.ge, le=info.le)]
    return plain


def _in_words(info: inspect.Type, data: Any, error: Exception) -> str:
    if isinstance(info, inspect.LiteralType | inspect.EnumType):
        return f"{data!r} is not possible"
    if isinstance(info, inspect.IntType | inspect.FloatType):
        if not _is_number(data):
            return f"must be a number, not {kind_of(data)}"
        if isinstance(info, inspect.IntType) and not float(data).is_integer():
            return f"must be a whole number, not {data:g}"
        if info.le is None:
            return f"must be at least {info.ge}, not {data:g}"
        return f"must lie between {info.ge} and {info.le}, not {data:g}"
    wanted = {inspect.StrType: "a text", inspect.BoolType: "true or false"}.get(type(info))
    return f"must be {wanted}, not {kind_of(data)}" if wanted else str(error)


def _hint_for(info: inspect.Type, data: Any) -> str:
    if isinstance(info, inspect.EnumType):
        choices = [str(each.value) for each in info.cls]
    elif isinstance(info, inspect.LiteralType):
        choices = [str(value) for value in info.values]
    else:
        return ""
    near = difflib.get_close_matches(str(data), choices, n=1)
    return f"did you mean {near[0]}?" if near else "one of " + ", ".join(choices)
