"""GraphQL of connections, over a real cluster."""

from typing import Any

import pytest

from connections.kubeconfigs import access_of, text_of
from meshery.connections.service import ConnectionService
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from meshery.server.graphql.router import graphql_router
from meshery.server.parts import Parts
from performance.serving import served

DISCONNECT = "mutation($id: ID!%s) { disconnectKubernetes(id: $id%s) { name operator } }"


@pytest.mark.parametrize("is_left", [True, False])
async def test_an_operator_is_left_only_where_that_is_said(
    single: Platform, kube: ControlPlane, *, is_left: bool
) -> None:
    service = ConnectionService(single)
    (outcome,) = await service.connect(text_of(access_of(kube, name="held")), actor="ann")
    assert outcome.connection is not None
    await service.set_operator(outcome.connection.id, "meshery")
    words = (", $leave: Boolean!", ", leaveOperator: $leave") if is_left else ("", "")
    variables: dict[str, Any] = {"id": outcome.connection.id} | ({"leave": True} if is_left else {})
    async with served(single, graphql_router(Parts())) as http:
        body = {"query": DISCONNECT % words, "variables": variables}
        answer = (await http.client.post("/api/graphql", json=body)).json()
    if is_left:
        assert answer["data"]["disconnectKubernetes"] == {"name": "held", "operator": "meshery"}
        assert await service.all() == []
    else:
        assert answer["errors"][0]["extensions"]["code"] == "meshery.connection.operator"
        assert len(await service.all()) == 1
