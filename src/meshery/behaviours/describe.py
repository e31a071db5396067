"""What a kind takes, as data: for forms, help texts and documentation."""

from typing import Any

import msgspec
from msgspec import inspect

from meshery.behaviours.model import PARAMS, Kind


class Parameter(msgspec.Struct, frozen=True):
    """One parameter: its name in documents, its type in words, and whether it must be given."""

    name: str
    type: str
    required: bool
    choices: tuple[str, ...] = ()
    fields: tuple["Parameter", ...] = ()


def parameters_of(kind: Kind) -> tuple[Parameter, ...]:
    """The parameters of a kind, nested ones in `fields`."""
    return _fields(inspect.type_info(PARAMS[kind]))


def summary_of(kind: Kind) -> str:
    """What a kind does, in a sentence."""
    return (PARAMS[kind].__doc__ or "").strip().split("\n")[0]


def _fields(info: inspect.Type) -> tuple[Parameter, ...]:
    if not isinstance(info, inspect.StructType):
        return ()
    return tuple(_parameter(field) for field in info.fields)


def _parameter(field: inspect.Field) -> Parameter:
    info: Any = field.type
    if isinstance(info, inspect.UnionType):
        info = next(each for each in info.types if not isinstance(each, inspect.NoneType))
    many = isinstance(info, inspect.VarTupleType)
    item = info.item_type if many else info
    word = _WORDS.get(type(item), "mapping")
    choices = tuple(str(value) for value in getattr(item, "values", ()))
    return Parameter(
        field.encode_name,
        f"list of {word}" if many else word,
        field.required,
        choices,
        _fields(item),
    )


_WORDS: dict[type[inspect.Type], str] = {
    inspect.Metadata: "duration",
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.LiteralType: "choice",
}
