"""How parameters are declared: frozen data whose fields name their unit, read by one reader.

A field that ends in `_ms` is a duration: milliseconds inside, a Go duration (`500ms`) in documents,
where the suffix is dropped. A percentage is a float from 0 to 100. Documents write names in
camelCase. What one field's type cannot say, `faults` says.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec

Duration = Annotated[
    float,
    msgspec.Meta(
        ge=0,
        extra={"duration": True},
        extra_json_schema={"format": "go-duration"},
    ),
]
"""Milliseconds; a Go duration in documents."""

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
HttpStatus = Annotated[int, msgspec.Meta(ge=200, le=599)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a field (its name in documents; empty: with the whole) and a hint."""

    field: str
    message: str
    hint: str = ""


def document_name(field: str) -> str:
    """The name of a field in documents: `per_try_timeout_ms` -> `perTryTimeout`."""
    first, *rest = field.removesuffix("_ms").rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


class Params(msgspec.Struct, frozen=True, rename=document_name):
    """The root of all parameters."""

    def faults(self) -> Iterator[Fault]:
        """What is wrong though each field alone is right."""
        yield from ()


def exactly_one(params: Params, *fields: str) -> Iterator[Fault]:
    """A fault unless exactly one of the fields is given."""
    names = [document_name(field) for field in fields]
    given = [
        name
        for name, field in zip(names, fields, strict=True)
        if getattr(params, field) is not None
    ]
    if len(given) != 1:
        told = " and ".join(given) if given else "none"
        yield Fault("", f"needs exactly one of {', '.join(names)}; {told} is given")


def at_least_one(params: Params, *fields: str) -> Iterator[Fault]:
    """A fault when none of the fields is given."""
    if all(getattr(params, field) in (None, ()) for field in fields):
        names = ", ".join(document_name(field) for field in fields)
        yield Fault("", "says nothing", f"give at least one of {names}")
