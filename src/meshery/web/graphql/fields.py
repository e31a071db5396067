"""Fields of a root: what a resolver gives keeps its own type, GraphQL shows it as a noun.

@asked(connection(Cluster), "Connected clusters.")
async def clusters(self, info: Info) -> Slice[ClusterView]: ...
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

from meshery.web.graphql.lists import Connection

F = TypeVar("F", bound=Callable[..., Any])


def asked(kind: Any, description: str) -> Callable[[F], F]:
    """A field that may be asked."""
    made = strawberry.field(graphql_type=kind, description=description)
    return cast("Callable[[F], F]", made)


def done(kind: Any, description: str) -> Callable[[F], F]:
    """A field that does something."""
    made = strawberry.mutation(graphql_type=kind, description=description)
    return cast("Callable[[F], F]", made)


def followed(kind: Any, description: str) -> Callable[[F], F]:
    """A field that is followed; its resolver is an asynchronous generator."""
    made = strawberry.subscription(graphql_type=kind, description=description)
    return cast("Callable[[F], F]", made)


def many(kind: Any) -> Any:
    """A list of a kind."""
    return list[kind]


def maybe(kind: Any) -> Any:
    """A kind, or null."""
    return kind | None


def connection(kind: Any) -> Any:
    """A list of a kind, in parts; its resolver gives a `Slice`."""
    return Connection[kind]
