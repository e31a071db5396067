"""GraphQL of connected clusters. Thin: the service does the work. No answer holds a login."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

import strawberry

from meshery.connections.model import Connection as KubernetesContext
from meshery.connections.model import ConnectionState, Login, Outcome
from meshery.connections.service import ConnectionService
from meshery.operations.request import platform_of
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, connection, done, many
from meshery.web.graphql.lists import FIRST, Direction, Slice, slice_of, slice_query
from meshery.web.graphql.nouns import noun, words
from meshery.web.identity import actor_of

words(Login, name="KubernetesLogin")
words(ConnectionState, name="KubernetesState")
words(Literal["connected", "unreachable", "refused"], name="ConnectResult")
ContextNoun = noun(KubernetesContext, name="KubernetesContext")

Kubeconfig = Annotated[
    str,
    strawberry.argument(
        description="YAML or JSON. Send it as a variable: what stands in a query may be kept by "
        "whoever handles queries."
    ),
]


@strawberry.enum(description="What contexts are ordered by.")
class ContextField(StrEnum):
    """What contexts are ordered by."""

    NAME = "name"
    STATE = "state"
    SERVER = "server"
    CREATED_AT = "created_at"
    CHECKED_AT = "checked_at"


@strawberry.input(description="The order of contexts.")
class ContextOrder:
    """The order of contexts."""

    field: ContextField = ContextField.NAME
    direction: Direction = Direction.ASCENDING


@strawberry.type
class ConnectionQuery:
    """What may be asked."""

    @asked(
        connection(ContextNoun),
        "Connected contexts, each as its cluster answered last.",
    )
    async def kubernetes_contexts(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: ContextOrder | None = None,
        search: str = "",
    ) -> Slice[KubernetesContext]:
        """By name."""
        query = slice_query(first, after, order=order_by or ContextOrder(), search=search)
        return await slice_of(_service(info).list, query)

    @asked(ContextNoun, "One connected context.")
    async def kubernetes_context(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
    ) -> KubernetesContext:
        """As its cluster answered last."""
        return await _service(info).get(id)


@strawberry.type
class ConnectionMutation:
    """What may be done."""

    @done(
        many(noun(Outcome, name="ConnectOutcome")),
        "Connect the contexts of a kubeconfig, all unless some are named; one outcome for each.",
    )
    async def connect_kubernetes(
        self, info: Info, kubeconfig: Kubeconfig, *, contexts: list[str] | None = None
    ) -> Sequence[Outcome]:
        """What is refused says why in its `error`."""
        service, actor = _service(info), actor_of(connection_of(info))
        return await service.connect(kubeconfig, contexts=contexts or (), actor=actor)

    @done(ContextNoun, "Ask a cluster now whether it answers.")
    async def ping_kubernetes(self, info: Info, id: strawberry.ID) -> KubernetesContext:  # noqa: A002
        """The context as it is now."""
        return await _service(info).ping(id)

    @done(
        ContextNoun,
        "Forget a context and its login; the cluster itself is not touched.",
    )
    async def disconnect_kubernetes(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        *,
        leave_operator: bool = False,
    ) -> KubernetesContext:
        """The context as it was; an error while our operator is there, unless it is to stay."""
        actor = actor_of(connection_of(info))
        return await _service(info).disconnect(id, actor=actor, leave_operator=leave_operator)


DOOR = Door(query=ConnectionQuery, mutation=ConnectionMutation)


def _service(info: Info) -> ConnectionService:
    return ConnectionService(platform_of(connection_of(info)))
