"""The schema: the doors of all rooms under one root, and what joins them."""

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from meshery.server.graphql.errors import render
from meshery.server.graphql.joins import join_rooms
from meshery.server.graphql.limits import LimitExtension
from meshery.server.parts import Parts
from meshery.web.graphql.door import Door
from meshery.web.graphql.scalars import SCALARS

DOORS = "meshery.graphql"


_ANSWERED = frozenset({OperationType.QUERY, OperationType.MUTATION})


class MesherySchema(strawberry.Schema):
    """A schema whose errors are ours."""

    async def execute(self, *arguments: Any, **options: Any) -> ExecutionResult:
        """Answer once, over HTTP: what is to be followed is refused there."""
        allowed = options.get("allowed_operation_types") or _ANSWERED
        options["allowed_operation_types"] = _ANSWERED.intersection(allowed)
        return await super().execute(*arguments, **options)

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002 - the library's hook
    ) -> None:
        """Called before errors are told."""
        for error in errors:
            render(error)


def build_schema(parts: Parts) -> MesherySchema:
    """The schema of all registered doors. TypeError for one that is no `Door`."""
    doors = []
    for name, door in parts.load(DOORS):
        if not isinstance(door, Door):
            raise TypeError(f"{name} of the group {DOORS} is no Door")
        doors.append(door)
    join_rooms()
    return MesherySchema(
        query=_merged("Query", (each.query for each in doors)),
        mutation=_merged("Mutation", (each.mutation for each in doors)),
        subscription=_merged("Subscription", (each.subscription for each in doors)),
        config=StrawberryConfig(
            scalar_map=dict(SCALARS), disable_field_suggestions=True, sort_schema=True
        ),
        extensions=[LimitExtension],
    )


def sdl() -> str:
    """The schema in GraphQL's own language, as in docs/reference/schema.graphql."""
    return f"{build_schema(Parts()).as_str().rstrip()}\n"


def _merged(name: str, types: Iterable[type | None]) -> type:
    return merge_types(name, tuple(each for each in types if each is not None))
