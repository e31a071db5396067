"""The route: POST for queries and mutations, a socket (graphql-transport-ws) for all three.

Whoever gets here was let in by the security layer: Host, Origin, and token or cookie are checked
before a socket is accepted. There is no page to type queries into, since those that exist load
their code from other hosts.
"""

from datetime import timedelta
from typing import Any

from cross_web import HTTPException
from fastapi import Request, Response, WebSocket
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from meshery.core.errors import InvalidInputError
from meshery.server.graphql.errors import PATH
from meshery.server.graphql.schema import build_schema
from meshery.server.parts import Parts
from meshery.web.graphql.door import REQUEST
from meshery.web.identity import ANONYMOUS, actor_of
from meshery.web.problem import problem_response

GREETING = timedelta(seconds=10)
"""How long a socket may be silent before it says who it is."""
SUBSCRIPTIONS = 50
"""Of one socket at a time."""


class MesheryRouter(GraphQLRouter[dict[str, Any], None]):
    """Refusals of the route itself are problem documents, as everywhere under `/api`."""

    async def run(  # type: ignore[override]  # its overloads say the same in pairs
        self, request: Request | WebSocket, context: Any = UNSET, root_value: Any = UNSET
    ) -> Response | WebSocket:
        """One request or socket."""
        try:
            answered: Response | WebSocket = await super().run(request, context, root_value)
        except HTTPException as error:
            refused = InvalidInputError(
                error.reason,
                remedy='POST {"query": "...", "variables": {}} as application/json; subscriptions '
                "go over a WebSocket that speaks graphql-transport-ws",
                code="meshery.graphql.request",
            )
            return problem_response(refused, instance=PATH, status=error.status_code)
        return answered

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:  # noqa: ARG002
        """The security layer has asked already, and knows of proxies."""
        return True

    async def on_ws_connect(self, context: dict[str, Any]) -> UnsetType:
        """A socket begins: nobody unknown gets an answer."""
        if actor_of(context[REQUEST]) == ANONYMOUS:
            raise ConnectionRejectionError
        unset: UnsetType = UNSET
        return unset


def graphql_router(parts: Parts) -> MesheryRouter:
    """The router over the doors that `parts` loads."""
    return MesheryRouter(
        build_schema(parts),
        path=PATH,
        graphql_ide=None,
        allow_queries_via_get=False,
        subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
        connection_init_wait_timeout=GREETING,
        max_subscriptions_per_connection=SUBSCRIPTIONS,
        tags=["graphql"],
    )
