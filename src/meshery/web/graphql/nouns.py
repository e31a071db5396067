"""`noun`: the GraphQL type of a struct, field by field, so that REST and GraphQL have one shape.

    Cluster = noun(ClusterView, name="Cluster")

    @asked(many(Cluster), "Connected clusters.")
    async def clusters(self, info: Info) -> list[ClusterView]: ...

Resolvers return the structs themselves; names become camelCase. Words of a fixed choice become
enums, structs by name become lists of entries `{key value}`, what has no shape becomes JSON.
"""

import types
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from strawberry.scalars import JSON
from strawberry.types.field import StrawberryField

from meshery.web.graphql.fields import many, maybe
from meshery.web.graphql.scalars import Long

LONG_FIELDS = frozenset({"seq", "next"})
"""Fields that count all that ever happened."""

_nouns: dict[type, type] = {}
_words: dict[object, type[StrEnum]] = {}


class Entry(msgspec.Struct, frozen=True):
    """One pair of a mapping."""

    key: str
    value: Any


def noun(
    struct: type[msgspec.Struct],
    *,
    name: str = "",
    prefix: str = "",
    without: Collection[str] = (),
) -> Any:
    """The type of a struct, the same each time; what it is called the first asking says.

    `prefix` goes before the names of the structs within it, `without` are fields left out.
    """
    if struct not in _nouns:
        _nouns[struct] = _Maker(name or f"{prefix}{struct.__name__}", prefix).made(struct, without)
    return _nouns[struct]


def words(choice: object, *, name: str) -> Any:
    """The enum of a `Literal` or StrEnum, the same each time; `name` is that of its first asking.

    Values are those of REST; names are theirs in capitals.
    """
    if choice not in _words:
        values = [str(value) for value in _values(choice)]
        members = {_member(value): value for value in values}
        maker: Any = StrEnum  # members that only the running program knows
        _words[choice] = strawberry.enum(maker(name, members))
    return _words[choice]


def join(
    struct: type[msgspec.Struct],
    resolver: Callable[..., Any],
    *,
    kind: Any,
    name: str,
    description: str,
) -> None:
    """Add a field to the type of a struct: what another room knows of it, or it would say later.

    `resolver` gets the struct as `root`. ValueError when there is a field of that name.
    """
    definition = noun(struct).__strawberry_definition__
    if any(each.python_name == name for each in definition.fields):
        raise ValueError(f"{definition.name} has a field {name} already")
    field: Any = strawberry.field(resolver=resolver, graphql_type=kind, description=description)
    field.name = field.python_name = name
    field.origin = noun(struct)
    definition.fields.append(field)


def _values(choice: object) -> Sequence[Any]:
    if isinstance(choice, type) and issubclass(choice, StrEnum):
        return list(choice)
    return get_args(choice)


def _member(value: str) -> str:
    return value.replace("-", "_").replace(".", "_").upper()


class _Maker:
    """Makes the type of one struct."""

    def __init__(self, name: str, prefix: str) -> None:
        self._name = name
        self._prefix = prefix

    def made(self, struct: type[msgspec.Struct], without: Collection[str]) -> type:
        hints = get_type_hints(struct)
        fields: dict[str, Any] = {}
        annotations: dict[str, Any] = {}
        for field in struct.__struct_fields__:
            mapped = _mapping_of(hints[field])
            if field in without:
                continue
            if mapped is not None:
                fields[field] = _entries(field, self._entry(field, mapped))
            else:
                annotations[field] = self._shape(hints[field], field)
        body = {**fields, "__annotations__": annotations, "__module__": struct.__module__}
        described = " ".join((struct.__doc__ or "").split())
        made = type(self._name, (), body)
        return strawberry.type(made, name=self._name, description=described)

    def _shape(self, hint: Any, field: str) -> Any:
        """The annotation that GraphQL has for a hint."""
        origin, inner = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            kept = [each for each in inner if each is not type(None)]
            if len(kept) != 1:
                raise TypeError(f"{self._name}.{field}: GraphQL has no {hint}")
            return maybe(self._shape(kept[0], field))
        if origin in (tuple, list):
            return many(self._shape(inner[0], field))
        if origin is Literal:
            return words(hint, name=f"{self._name}{_camel(field)}")
        return self._class(hint, field) if isinstance(hint, type) else JSON

    def _class(self, hint: type, field: str) -> Any:
        if issubclass(hint, StrEnum):
            return words(hint, name=hint.__name__)
        if issubclass(hint, msgspec.Struct):
            return noun(hint, prefix=self._prefix)
        if hint is int and field in LONG_FIELDS:
            return Long
        if hint is str and field == "id":
            return strawberry.ID
        return hint if hint in (str, int, float, bool, datetime) else JSON

    def _entry(self, field: str, value: type[msgspec.Struct]) -> Any:
        name = f"{self._name}{_camel(field)}Entry"
        annotations = {"key": str, "value": noun(value, prefix=self._prefix)}
        body = {"__annotations__": annotations, "__module__": __name__}
        return strawberry.type(type(name, (), body), description="One of them, by its name.")


def _mapping_of(hint: Any) -> type[msgspec.Struct] | None:
    """The struct that a mapping's values are; None for other hints."""
    if get_origin(hint) not in (dict, Mapping):
        return None
    value = get_args(hint)[1]
    return value if isinstance(value, type) and issubclass(value, msgspec.Struct) else None


def _entries(field: str, entry: Any) -> StrawberryField:
    def entries(root: Any) -> list[Entry]:
        return [Entry(key, value) for key, value in getattr(root, field).items()]

    made: Any = strawberry.field(resolver=entries, graphql_type=many(entry))
    return cast("StrawberryField", made)


def _camel(field: str) -> str:
    return "".join(part.capitalize() for part in field.split("_"))
