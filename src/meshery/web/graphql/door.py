"""`Door`: what a room's `graphql.py` brings to the root, registered in the group `meshery.graphql`.

    DOOR = Door(query=OperationQuery, mutation=OperationMutation, subscription=...)

Each is a class decorated with `strawberry.type`; their fields become fields of the root.
"""

from dataclasses import dataclass
from typing import Any

import strawberry
from starlette.requests import HTTPConnection

Info = strawberry.Info[dict[str, Any], None]
"""What a resolver is told of the request."""

REQUEST = "request"


@dataclass(frozen=True)
class Door:
    """The fields of one room."""

    query: type | None = None
    mutation: type | None = None
    subscription: type | None = None


def connection_of(info: Info) -> HTTPConnection:
    """The request or socket that asks."""
    connection: HTTPConnection = info.context[REQUEST]
    return connection
