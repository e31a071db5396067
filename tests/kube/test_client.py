"""The client against servers that refuse, break, hang and lie; the real one is in the others."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from kube.rigged import authority, hangs, refuses, rigged, says, streams
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    LimitError,
    MesheryError,
    NotAuthenticatedError,
    NotFoundError,
    UnavailableError,
)
from meshery.kube.access import Access, Credentials
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.errors import ExpiredError, FieldConflict, FieldConflictError, ThrottledError
from meshery.kube.limiter import Limits


async def test_a_request_carries_who_we_are_and_what_we_want() -> None:
    credentials = Credentials(
        token="t0ken", act_as="ann", act_as_groups=("a", "b"), act_as_extra={"scope": ("x",)}
    )
    async with (
        rigged(says(200, {"ok": True})) as server,
        KubeClient(server.access(credentials)) as client,
    ):
        answer = await client.get("/api/v1/pods", query=[("labelSelector", "a in (b,c)")])
    headers = server.seen[0].headers
    assert answer.body == b'{"ok": true}'
    assert server.seen[0].query["labelSelector"] == "a in (b,c)"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["User-Agent"].startswith("meshery/")
    assert headers["Impersonate-User"] == "ann"
    assert headers.getall("Impersonate-Group") == ["a", "b"]
    assert headers["Impersonate-Extra-scope"] == "x"


async def test_a_name_and_password_are_sent_as_basic() -> None:
    async with (
        rigged(says(200, {})) as server,
        KubeClient(server.access(Credentials(username="u", password="p"))) as client,
    ):
        await client.get("/")
    assert server.seen[0].headers["Authorization"] == "Basic dTpw"


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (400, InvalidInputError, "invalid"),
        (401, NotAuthenticatedError, "unauthorised"),
        (403, ForbiddenError, "forbidden"),
        (404, NotFoundError, "not_found"),
        (409, ConflictError, "conflict"),
        (410, ExpiredError, "expired"),
        (422, InvalidInputError, "invalid"),
        (500, UnavailableError, "unavailable"),
        (504, DeadlineError, "deadline"),
        (302, UnavailableError, "redirect"),
    ],
)
async def test_each_refusal_is_an_error_with_a_remedy(
    code: int, kind: type[MesheryError], name: str
) -> None:
    async with (
        rigged(refuses(code, "Reason", "pods is forbidden to ann")) as server,
        KubeClient(server.access()) as client,
    ):
        with pytest.raises(kind) as caught:
            await client.get("/api/v1/pods")
    assert caught.value.specific_code == f"meshery.kube.{name}"
    assert caught.value.remedy
    if code >= 400:
        assert "pods is forbidden to ann" in caught.value.what


async def test_a_conflict_of_fields_names_each_with_its_manager() -> None:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl" using apps/v1',
            "field": ".spec.replicas",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "a \\"b\\"" with subresource "scale"',
            "field": ".data.x",
        },
    ]
    async with (
        rigged(refuses(409, "Conflict", "Apply failed", causes=causes)) as server,
        KubeClient(server.access()) as client,
    ):
        with pytest.raises(FieldConflictError) as caught:
            await client.patch("/x", b"{}", content_type="application/apply-patch+yaml")
    assert caught.value.conflicts == (
        FieldConflict("kubectl", "spec.replicas"),
        FieldConflict('a "b"', "data.x"),
    )


async def test_a_throttled_request_waits_as_told_and_is_sent_again() -> None:
    busy = says(429, {"message": "slow down"}, headers={"Retry-After": "1"})
    async with (
        rigged(busy, says(200, {"ok": 1})) as server,
        KubeClient(server.access()) as client,
    ):
        start = time.monotonic()
        answer = await client.get("/")
    assert answer.status == 200
    assert time.monotonic() - start >= 1
    async with (
        rigged(says(429, {}, headers={"Retry-After": "3600"})) as server,
        KubeClient(server.access()) as client,
    ):
        with pytest.raises(ThrottledError) as caught:
            await client.get("/")
    assert caught.value.retry_after_s == 3600


async def test_requests_keep_to_the_rate() -> None:
    limits = Limits(qps=50, burst=5)
    async with (
        rigged(says(200, {})) as server,
        KubeClient(server.access(), limits=limits) as client,
    ):
        start = time.monotonic()
        await asyncio.gather(*(client.get("/") for _ in range(15)))
        taken = time.monotonic() - start
    assert taken >= 0.19


async def test_an_answer_may_not_be_larger_than_the_limit() -> None:
    limits = Limits(max_answer_bytes=1_000, max_line_bytes=1_000)
    async with (
        rigged(says(200, "x" * 2_000)) as server,
        KubeClient(server.access(), limits=limits) as client,
    ):
        with pytest.raises(LimitError, match="larger"):
            await client.get("/")
        with pytest.raises(LimitError, match="longer"):
            async with client.lines("/") as lines:
                assert [line async for line in lines]


async def test_a_hanging_server_is_given_up_in_time() -> None:
    async with (
        rigged(hangs) as server,
        KubeClient(server.access(), limits=Limits(timeout_s=0.2)) as client,
    ):
        with pytest.raises(DeadlineError):
            await client.get("/")
        with pytest.raises(DeadlineError):
            async with client.lines("/"):
                pass


async def test_silence_within_a_stream_has_an_end() -> None:
    async with (
        rigged(streams({"a": 1}, then=10)) as server,
        KubeClient(server.access()) as client,
    ):
        with pytest.raises(DeadlineError):
            async with client.lines("/", idle_s=0.2) as lines:
                assert [line async for line in lines]


async def test_many_open_watches_leave_room_for_requests() -> None:
    async with (
        rigged(*([streams({"a": 1}, then=10)] * 150), says(200, {})) as server,
        KubeClient(server.access(), limits=Limits(qps=0, timeout_s=5)) as client,
        AsyncExitStack() as stack,
    ):
        for _ in range(150):
            lines = await stack.enter_async_context(client.lines("/"))
            assert await anext(lines)
        assert (await client.get("/")).status == 200


async def test_a_broken_connection_is_one_error() -> None:
    async def breaks(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with rigged(breaks) as server, KubeClient(server.access()) as client:
        with pytest.raises(UnavailableError, match="does not answer"):
            await client.post("/", b"{}")
    async with KubeClient(Access(name="none", server="http://127.0.0.1:1")) as client:
        with pytest.raises(UnavailableError, match="does not answer"):
            await client.get("/")


async def test_a_login_page_is_no_api_server() -> None:
    with pytest.raises(UnavailableError, match="not what an API server says"):
        decoded(b"<html>please log in</html>", dict[str, Any], asked="GET /api")


@pytest.mark.parametrize(
    ("address", "days", "known", "said"),
    [
        ("127.0.0.1", 1, False, "unknown authority"),
        ("127.0.0.1", -1, True, "has expired"),
        ("10.0.0.1", 1, True, "another address"),
    ],
)
async def test_a_certificate_that_is_not_accepted_says_why(
    address: str, days: int, known: bool, said: str, tmp_path: Path
) -> None:
    issuer = authority()
    context = issuer.server_context(tmp_path, address=address, days=days)
    ca = (issuer if known else authority()).pem
    async with (
        rigged(says(200, {}), tls=context) as server,
        KubeClient(server.access(ca=ca)) as client,
    ):
        with pytest.raises(UnavailableError, match=said) as caught:
            await client.get("/")
        assert caught.value.specific_code == "meshery.kube.certificate"
        assert caught.value.remedy
    assert not server.seen


async def test_a_name_may_be_expected_other_than_the_address_and_nothing_at_all(
    tmp_path: Path,
) -> None:
    issuer = authority()
    context = issuer.server_context(tmp_path, address="10.0.0.1")
    async with rigged(says(200, {}), tls=context) as server:
        named = msgspec.structs.replace(server.access(ca=issuer.pem), tls_server_name="10.0.0.1")
        blind = msgspec.structs.replace(server.access(), insecure=True)
        for access in (named, blind):
            async with KubeClient(access) as client:
                assert (await client.get("/")).status == 200


async def test_a_client_certificate_is_shown_and_its_end_is_told(tmp_path: Path) -> None:
    issuer = authority()
    certificate, key = issuer.issue("ann")
    context = issuer.server_context(tmp_path, clients=True)
    shown: list[Any] = []

    async def looks(request: web.Request) -> web.Response:
        shown.append(request.get_extra_info("peercert"))
        return web.json_response({})

    async with rigged(looks, tls=context) as server:
        credentials = Credentials(certificate=certificate, key=key)
        async with KubeClient(server.access(credentials, ca=issuer.pem)) as client:
            await client.get("/")
        assert shown[0]["subject"][0][0] == ("commonName", "ann")
    ended, key = issuer.issue("ann", days=-1)
    async with rigged(refuses(401, "Unauthorized", "Unauthorized")) as server:
        credentials = Credentials(certificate=ended, key=key)
        async with KubeClient(server.access(credentials)) as client:
            with pytest.raises(NotAuthenticatedError, match="client certificate has expired"):
                await client.get("/")


async def test_certificates_that_are_none_are_one_clear_error() -> None:
    access = Access(
        name="x",
        server="https://127.0.0.1:1",
        credentials=Credentials(certificate="-----BEGIN CERTIFICATE-----\nAA\n", key="x"),
    )
    async with KubeClient(access) as client:
        with pytest.raises(InvalidInputError, match="cannot be used"):
            await client.get("/")
