"""Scalars beside GraphQL's own: long whole numbers, and moments as REST writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

Long = NewType("Long", int)

After = Annotated[
    Long | None,
    strawberry.argument(description="`seq` of the last one that was read; from now on if none"),
]
"""Where a subscription goes on; what it follows checks that there is such a place."""

_MOST = 2**53


def _long(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        raise GraphQLError("a Long is a whole number up to 2^53")
    return value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_moment(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise GraphQLError("a DateTime is a moment of RFC 3339 with its time zone")
    return found


SCALARS: Mapping[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long",
        description="A whole number up to 2^53; GraphQL's own Int ends at 2^31.",
        serialize=_long,
        parse_value=_long,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC (RFC 3339), with `Z`.",
        serialize=_moment,
        parse_value=_read_moment,
    ),
}
"""By their Python types, for the schema's configuration."""
