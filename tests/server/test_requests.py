from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from meshery.server.logins import Logins
from meshery.server.requests import RequestLayer
from meshery.server.security import SecurityLayer
from meshery.web.problem import MEDIA_TYPE, install_problem_handlers
from meshery.web.respond import json_response

BEARER = {"authorization": "Bearer t"}


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/api/broken")
    async def broken() -> Response:
        raise RuntimeError("the password is hunter2")

    @app.post("/api/body")
    async def body(request: Request) -> Response:
        return json_response(len(await request.body()))

    layers = SecurityLayer(RequestLayer(app), logins=Logins("t"), allowed_hosts=["test"])
    transport = httpx2.ASGITransport(app=layers)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://test", headers=BEARER
    ) as client:
        yield client


async def test_an_unexpected_fault_is_logged_and_not_shown(client: httpx2.AsyncClient) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = await client.get("/api/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "hunter2" not in answer.text
    request_id = answer.headers["x-request-id"]
    assert request_id in answer.json()["remedy"]
    logged = next(line for line in lines if line["event"] == "request failed")
    assert logged["request_id"] == request_id
    assert logged["exc_info"]


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("trace-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)]
)
async def test_a_callers_request_id_is_kept_when_sane(
    client: httpx2.AsyncClient, sent: str, *, is_kept: bool
) -> None:
    answer = await client.post("/api/body", headers={"x-request-id": sent})
    assert (answer.headers["x-request-id"] == sent) is is_kept


async def test_a_body_without_end_is_no_fault_of_ours(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1_048_576

    with capture_logs() as lines:
        answer = await client.post("/api/body", content=endless())
    assert answer.status_code == 413
    assert not [line for line in lines if line["log_level"] == "error"]
