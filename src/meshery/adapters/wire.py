"""Between protobuf's messages and our nouns: both are walked by the names of their fields.

No message goes further than the modules that serve or call. Three rules are behind the names:

- a field `x_json` of a message is `x` of a noun: one JSON document as text,
- a message whose only field is `items` is that field (maps of lists, for which protobuf has none),
- an empty text, list or map of a message is not there: the noun's own default stands.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message
from msgspec import inspect

from meshery.core.errors import InvalidInputError

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_JSON = "_json"
_ITEMS = "items"


def to_message(noun: Any, kind: type[M]) -> M:
    """The message of a noun: a struct, or a mapping with the same names."""
    message = kind()
    _fill(message, noun)
    return message


def from_message(message: Message, kind: type[T]) -> T:
    """The noun of a message. InvalidInputError names what cannot be one."""
    try:
        return msgspec.convert(plain(message, kind), kind)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidInputError(
            f"{message.DESCRIPTOR.name} cannot be read",
            cause=str(error),
            remedy="compare it with proto/meshery/adapter/v1/adapter.proto",
            code="meshery.adapter.garbled",
        ) from error


def plain(message: Message, kind: Any = None) -> dict[str, Any]:
    """The fields of a message as plain values, under the names of the noun `kind`."""
    defaulted, inner = _fields_of(kind)
    found: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        name = field.name.removesuffix(_JSON)
        if field.has_presence and not message.HasField(field.name):
            continue
        raw = getattr(message, field.name)
        is_document = field.name != name and not field.is_repeated
        if is_document and not raw:
            continue
        value = _read(field, raw, inner.get(name))
        is_empty = isinstance(value, str | list | dict) and not value
        if is_document or not is_empty or name not in defaulted:
            found[name] = value
    return found


def _fill(message: Message, noun: Any) -> None:
    for field in message.DESCRIPTOR.fields:
        name = field.name.removesuffix(_JSON)
        value = noun.get(name) if isinstance(noun, dict) else getattr(noun, name, None)
        if value is not None:
            _write(message, field, value)


def _write(message: Message, field: Any, value: Any) -> None:
    place = getattr(message, field.name)
    if field.name.endswith(_JSON):
        _write_json(message, field, value)
    elif _is_map(field):
        _write_map(place, field, value)
    elif field.is_repeated:
        for each in value:
            if field.message_type:
                _fill(place.add(), each)
            else:
                place.append(each)
    elif field.message_type:
        place.SetInParent()
        _fill(place, value)
    else:
        setattr(message, field.name, value)


def _write_json(message: Message, field: Any, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).extend(_json(each) for each in value)
    elif value != {}:
        setattr(message, field.name, _json(value))


def _write_map(place: Any, field: Any, value: Any) -> None:
    message = _value_field(field).message_type
    for key, each in value.items():
        if message:
            _fill(place[key], {_ITEMS: each} if _is_wrapper(message) else each)
        else:
            place[key] = each


def _read(field: Any, value: Any, kind: Any) -> Any:
    if field.name.endswith(_JSON):
        if field.is_repeated:
            return [msgspec.json.decode(each) for each in value]
        return msgspec.json.decode(value)
    if _is_map(field):
        is_message = _value_field(field).message_type
        return {key: _inner(each, kind) if is_message else each for key, each in value.items()}
    if field.is_repeated:
        return [_inner(each, kind) for each in value] if field.message_type else list(value)
    return _inner(value, kind) if field.message_type else value


def _inner(message: Message, kind: Any) -> Any:
    found = plain(message, kind)
    return found.get(_ITEMS, []) if _is_wrapper(message.DESCRIPTOR) else found


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_wrapper(descriptor: Any) -> bool:
    return [field.name for field in descriptor.fields] == [_ITEMS]


def _is_map(field: Any) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _value_field(field: Any) -> Any:
    return field.message_type.fields_by_name["value"]


@cache
def _fields_of(kind: Any) -> tuple[frozenset[str], dict[str, Any]]:
    """Names of a noun's fields that have a default, and the noun within each field."""
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return frozenset(), {}
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        return frozenset(), {}
    defaulted = frozenset(field.name for field in info.fields if not field.required)
    return defaulted, {field.name: _struct_in(field.type) for field in info.fields}


def _struct_in(info: inspect.Type) -> Any:
    if isinstance(info, inspect.UnionType):
        return next(filter(None, map(_struct_in, info.types)), None)
    if isinstance(info, inspect.VarTupleType):
        return _struct_in(info.item_type)
    if isinstance(info, inspect.DictType):
        return _struct_in(info.value_type)
    return info.cls if isinstance(info, inspect.StructType) else None
