import socket
import time

import pytest

from fixtures.loopback import LoopbackServer
from meshery.client.http import ServerClient
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    InvalidInputError,
    MesheryError,
    NotAuthenticatedError,
    UnavailableError,
)


def test_a_document_comes_back_and_the_token_goes_out(loopback: LoopbackServer) -> None:
    loopback.says("/api/x", 200, '{"a":1}')
    with ServerClient(loopback.url, token="secret") as client:
        assert client.get("/api/x", page=2, search="", order=None) == {"a": 1}
    method, path, headers, _ = loopback.seen[0]
    assert (method, path) == ("GET", "/api/x?page=2")
    assert headers["authorization"] == "Bearer secret"


def test_a_post_carries_json_and_its_key(loopback: LoopbackServer) -> None:
    loopback.says("/api/x", 202, '{"id":"1"}')
    with ServerClient(loopback.url) as client:
        assert client.post("/api/x", {"n": 1}, idempotency_key="k") == {"id": "1"}
    _, _, headers, body = loopback.seen[0]
    assert body == b'{"n":1}'
    assert headers["idempotency-key"] == "k"
    assert "authorization" not in headers


def test_a_problem_becomes_its_error(loopback: LoopbackServer) -> None:
    problem = '{"code":"meshery.conflict","detail":"taken","remedy":"wait","status":409}'
    loopback.says("/api/x", 409, problem, kind="application/problem+json")
    with ServerClient(loopback.url) as client, pytest.raises(ConflictError) as caught:
        client.delete("/api/x")
    assert caught.value.what == "taken"
    assert caught.value.remedy == "wait"


def test_a_finer_code_keeps_the_class(loopback: LoopbackServer) -> None:
    loopback.says("/api/x", 400, '{"code":"meshery.order","detail":"no such order"}')
    with ServerClient(loopback.url) as client, pytest.raises(InvalidInputError) as caught:
        client.get("/api/x")
    assert caught.value.specific_code == "meshery.order"
    assert caught.value.exit_code == 2


def test_a_login_error_keeps_its_class(loopback: LoopbackServer) -> None:
    loopback.says("/api/x", 401, '{"code":"meshery.not_authenticated","detail":"who?"}')
    with ServerClient(loopback.url) as client, pytest.raises(NotAuthenticatedError):
        client.get("/api/x")


def test_another_programs_answer_is_told_as_such(loopback: LoopbackServer) -> None:
    loopback.says("/api/x", 502, "<html>", kind="text/html")
    with ServerClient(loopback.url) as client, pytest.raises(MesheryError) as caught:
        client.get("/api/x")
    assert "502" in caught.value.what
    assert caught.value.specific_code == "meshery.foreign_answer"


def test_no_server_names_the_next_step() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with ServerClient(url) as client, pytest.raises(UnavailableError) as caught:
            client.get("/api/x")
    assert "mesheryctl system start" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_a_silent_server_is_out_of_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with ServerClient(url, timeout_s=0.2) as client, pytest.raises(DeadlineError):
            client.get("/api/x")


def test_a_broken_stream_is_resumed_after_its_last_event(loopback: LoopbackServer) -> None:
    def stream(headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        after = int(headers.get("last-event-id", 0))
        text = f": hello\n\nid: {after + 1}\nevent: tick\ndata: {{\ndata: }}\n\ndata: unfinished"
        return 200, {"content-type": "text/event-stream"}, text.encode()

    loopback.answers["/events"] = stream
    with ServerClient(loopback.url) as client:
        events = client.events("/events", after="4")
        found = [next(events) for _ in range(2)]
    assert [event.id for event in found] == ["5", "6"]
    assert (found[0].name, found[0].data) == ("tick", "{\n}")
    assert found[0].document() == {}


def test_a_stream_without_a_server_fails_at_once() -> None:
    started = time.monotonic()
    with ServerClient("http://127.0.0.1:1") as client, pytest.raises(UnavailableError):
        next(client.events("/events"))
    assert time.monotonic() - started < 5
