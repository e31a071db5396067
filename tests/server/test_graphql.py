"""GraphQL of a real server, asked by a client that is not ours."""

from contextlib import aclosing
from typing import Any

import httpx2
import pytest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from connections.kubeconfigs import hostile, merged, nowhere, text_of
from fixtures.graphql import PATH, ask, asking, came, follow, socket_of
from fixtures.http import NO_TLS
from fixtures.server import RunningServer

CONNECT = """mutation($kubeconfig: String!) {
  connectKubernetes(kubeconfig: $kubeconfig) {
    context outcome updated error connection { id name state cluster { clusterId } }
  }
}"""
DISCONNECT = "mutation($id: ID!) { disconnectKubernetes(id: $id) { name } }"
EVENTS = """subscription($after: Long) {
  events(after: $after, only: {categories: ["connections"]}) { seq severity text subject { name } }
}"""


def post(server: RunningServer, query: str, token: str = "", **headers: str) -> httpx2.Response:
    bearer = {"Authorization": f"Bearer {token or server.token}"}
    return httpx2.post(
        f"{server.url}{PATH}",
        json={"query": query},
        headers=bearer | headers,
        trust_env=False,
        verify=NO_TLS,
    )


async def newest(session: Any) -> int:
    order = "orderBy: {field: SEQ, direction: DESCENDING}"
    data = await ask(session, f"{{ events(first: 1, {order}) {{ nodes {{ seq }} }} }}")
    return int(data["events"]["nodes"][0]["seq"]) if data["events"]["nodes"] else 0


def test_queries_by_post(server: RunningServer) -> None:
    answer = post(server, "{ operations { totalCount } landscape { mesh standing } }")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["operations"]["totalCount"] >= 0
    assert {"istio", "linkerd"} <= {each["mesh"] for each in data["landscape"]}
    assert {each["standing"] for each in data["landscape"]} >= {"ACTIVE", "ENDED"}


def test_every_list_is_asked_at_once(server: RunningServer) -> None:
    lists = [
        "events",
        "performanceResults",
        "clusters",
        "namespaces",
        "resources",
        "meshes",
        "controlPlanes",
        "dataPlanes",
        "kubernetesContexts",
        "operations",
    ]
    query = " ".join(f"{name} {{ totalCount pageInfo {{ hasNextPage }} }}" for name in lists)
    data = post(server, f"{{ {query} discoveryChanges {{ next items {{ seq }} }} }}").json()["data"]
    assert {name for name in lists if data[name]["totalCount"] >= 0} == set(lists)
    assert data["discoveryChanges"]["items"] == []


@pytest.mark.parametrize(
    "field",
    [
        "mesh",
        "operation",
        "resource",
        "performanceResult",
        "kubernetesContext",
        "operatorState",
        "cancelOperation",
        "pingKubernetes",
        "disconnectKubernetes",
        "deployOperator",
        "removeOperator",
    ],
)
def test_what_is_not_there_is_said(server: RunningServer, field: str) -> None:
    kind = "mutation" if field.startswith(("cancel", "ping", "dis", "dep", "rem")) else "query"
    name = "contextId" if "Operator" in field or "operator" in field else "id"
    query = f'{kind} {{ {field}({name}: "00000000-0000-0000-0000-000000000000") {{ __typename }} }}'
    (error,) = post(server, query).json()["errors"]
    assert (error["extensions"]["status"], error["path"]) == (404, [field])


async def test_an_error_ends_a_subscription(server: RunningServer) -> None:
    async with asking(server) as session:
        for query, code in (
            ('subscription { operation(id: "nothing") { state } }', "meshery.not_found"),
            ("subscription { events(after: -1) { seq } }", "meshery.graphql.cursor"),
            ("subscription { performanceResults(after: -1) { seq } }", "meshery.graphql.cursor"),
            ("subscription { discoveryChanges(after: 99999999) { seq } }", "meshery.discovery.cur"),
            ('subscription { meshes(clusters: ["none"]) { seq } }', "meshery.discovery.cluster"),
        ):
            async with aclosing(follow(session, query)) as told:
                with pytest.raises(TransportQueryError) as ended:
                    await came(told)
            assert ended.value.errors
            assert ended.value.errors[0]["extensions"]["code"].startswith(code)


async def test_clusters_are_connected_and_followed(server: RunningServer) -> None:
    text = text_of(nowhere("graphql-away"))
    async with asking(server) as session:
        start = await newest(session)
        async with aclosing(follow(session, EVENTS, after=start)) as events:
            (outcome,) = (await ask(session, CONNECT, kubeconfig=text))["connectKubernetes"]
            assert (outcome["outcome"], outcome["error"]) == ("UNREACHABLE", None)
            assert outcome["connection"]["state"] == "UNREACHABLE"
            assert outcome["connection"]["cluster"] is None
            first = await came(events)
            assert (first["severity"], first["subject"]["name"]) == ("WARNING", "graphql-away")
        identity = outcome["connection"]["id"]
        listed = await ask(
            session, '{ kubernetesContexts(search: "graphql-away") { nodes { id login } } }'
        )
        assert [each["id"] for each in listed["kubernetesContexts"]["nodes"]] == [identity]
        operator = (
            "query($id: ID!) { operatorState(contextId: $id) { state operator { isThere } } }"
        )
        state = (await ask(session, operator, id=identity))["operatorState"]
        assert state == {"state": "ABSENT", "operator": {"isThere": False}}
        gone = await ask(session, DISCONNECT, id=identity)
        assert gone["disconnectKubernetes"]["name"] == "graphql-away"
    async with asking(server) as session:
        async with aclosing(follow(session, EVENTS, after=first["seq"])) as events:
            second = await came(events)
        async with aclosing(follow(session, EVENTS, after=start)) as events:
            again = [await came(events), await came(events)]
    assert "was disconnected" in second["text"]
    assert again == [first, second]
    assert first["seq"] < second["seq"]
    assert "t0ken" not in server.log


async def test_errors_are_told_whole(server: RunningServer) -> None:
    async with asking(server) as session:
        with pytest.raises(TransportQueryError) as refused:
            await ask(session, '{ operation(id: "nothing") { state } }')
    assert refused.value.errors
    (error,) = refused.value.errors
    told = error["extensions"]
    assert (told["code"], told["status"], told["title"]) == ("meshery.not_found", 404, "Not found")
    assert "nothing" in error["message"]
    assert told["remedy"]
    assert error["path"] == ["operation"]


def test_a_kubeconfig_with_a_program_is_refused(server: RunningServer) -> None:
    text = merged(hostile("evil", {"exec": {"command": "/bin/sh"}}))
    body = {"query": CONNECT, "variables": {"kubeconfig": text}}
    bearer = {"Authorization": f"Bearer {server.token}"}
    answer = httpx2.post(
        f"{server.url}{PATH}", json=body, headers=bearer, trust_env=False, verify=NO_TLS
    ).json()
    (outcome,) = answer["data"]["connectKubernetes"]
    assert outcome["outcome"] == "REFUSED"
    assert outcome["error"]["code"].startswith("meshery.kubeconfig")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nothing }", "meshery.graphql.invalid"),
        ('{ discoveryChanges(after: "abc") { next } }', "meshery.graphql.invalid"),
        ("{ operations { nodes { id }", "meshery.graphql.invalid"),
        ("{ operations(first: 501) { totalCount } }", "meshery.graphql.page"),
        ('{ operations(after: "x") { totalCount } }', "meshery.cursor"),
        ("{ operations(orderBy: {field: INPUT}) { totalCount } }", "meshery.graphql.invalid"),
        ("{ " + " ".join(f"a{i}: landscape {{ mesh }}" for i in range(40)) + " }", "limit"),
        ("{ " + "landscape { mesh } " * 2000 + "}", "meshery.graphql.invalid"),
        ("{ clusters(first: 500) { nodes { meshes { evidence { type value } } } } }", "limit"),
        ('{ resources(only: {labels: ["=x"]}) { totalCount } }', "meshery.label"),
        ("{ discoveryChanges(after: -1) { next } }", "meshery.discovery.cursor"),
        ("{ discoveryChanges(after: 99999999999) { next } }", "meshery.discovery.cursor"),
    ],
)
def test_queries_that_are_refused(server: RunningServer, query: str, code: str) -> None:
    (error,) = post(server, query).json()["errors"]
    assert code in error["extensions"]["code"]
    assert error["extensions"]["remedy"]


def test_nothing_but_post_and_no_page(server: RunningServer) -> None:
    bearer = {"Authorization": f"Bearer {server.token}", "Accept": "text/html"}
    url = f"{server.url}{PATH}"
    for params in ({}, {"query": "{ landscape { mesh } }"}):
        answer = httpx2.get(url, params=params, headers=bearer, trust_env=False, verify=NO_TLS)
        assert answer.status_code in {400, 404, 405}
        assert answer.headers["content-type"] == "application/problem+json"
    broken = httpx2.post(
        url,
        content="{",
        headers=bearer | {"Content-Type": "application/json"},
        trust_env=False,
        verify=NO_TLS,
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "meshery.graphql.request")


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/event-stream",
        'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0, application/json',
    ],
)
def test_a_subscription_is_followed_over_a_socket_alone(server: RunningServer, accept: str) -> None:
    refused = post(server, "subscription { events(after: 0) { seq } }", Accept=accept)
    assert (refused.status_code, refused.json().get("code")) == (400, "meshery.graphql.request")
    assert "subscriptions" in refused.json()["detail"]
    answer = post(server, "{ __typename }", Accept=accept)
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "rebound.example"}, 403),
    ],
)
async def test_sockets_of_strangers_are_not_accepted(
    server: RunningServer, headers: dict[str, str], status: int
) -> None:
    assert post(server, "{ landscape { mesh } }", **headers).status_code == status
    with pytest.raises((TransportConnectionFailed, InvalidStatus)) as refused:
        async with asking(server, **headers):
            pass
    response = getattr(refused.value.__cause__ or refused.value, "response", None)
    assert response is not None
    assert response.status_code == status


@pytest.mark.parametrize("protocol", ["graphql-ws", "nothing"])
async def test_other_protocols_are_not_spoken(server: RunningServer, protocol: str) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}
    async with connect(
        socket_of(server),
        additional_headers=bearer,
        subprotocols=[Subprotocol(protocol)],
        proxy=None,
    ) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4406


async def test_a_browser_of_ours_may_open_a_socket(server: RunningServer) -> None:
    async with asking(server, Origin=server.url) as session:
        assert (await ask(session, "{ __typename }"))["__typename"] == "Query"
