"""REST of operations and events, over HTTP on a real server."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.waiting import until
from meshery.operations.model import Subject
from meshery.operations.platform import Platform
from operations.support import ended, marked, submit

SUBJECT = Subject("sandbox", "shop", "shop")


async def get(http: httpx2.AsyncClient, path: str, status: int = 200, **params: Any) -> Any:
    response = await http.get(path, params=params)
    assert response.status_code == status, response.text
    return response.json()


async def test_operations_are_listed_and_shown(house: Platform, http: httpx2.AsyncClient) -> None:
    done = await ended(house, await submit(house, "test.echo", {"x": 1}))
    page = await get(http, "/api/operations", state="succeeded", kind="test.echo")
    assert (page["total"], page["page"], page["page_size"]) == (1, 1, 25)
    shown = await get(http, f"/api/operations/{done.id}")
    assert shown == page["items"][0]
    assert shown["state"] == "succeeded"
    assert shown["created_at"].endswith("Z")
    assert set(shown) == {
        "id", "kind", "subject", "state", "progress", "steps", "result", "error", "actor",
        "created_at", "started_at", "ended_at", "parent_id",
    }  # fmt: skip
    assert (await get(http, "/api/operations", search="nothing"))["items"] == []


async def test_bad_questions_are_problems(http: httpx2.AsyncClient) -> None:
    for path, status, params in (
        ("/api/operations", 400, {"order": "input"}),
        ("/api/operations", 400, {"state": "odd"}),
        ("/api/operations/none", 404, {}),
        ("/api/operations/none/events", 404, {}),
        ("/api/events", 400, {"order": "text"}),
        ("/api/events/stream", 400, {"after": "x"}),
    ):
        headers = {"Accept": "text/event-stream"} if path.endswith("none/events") else {}
        response = await http.get(path, params=params, headers=headers)
        assert response.status_code == status, (path, response.text)
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["remedy"]


async def test_a_cancel_is_accepted_and_happens(
    house: Platform, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    document = {"marks": str(tmp_path / "m"), "hold": 1, "hold_file": "/nowhere"}
    operation = await submit(house, "test.hold", document)
    await until(lambda: marked(tmp_path / "m", "begin"))
    response = await http.post(f"/api/operations/{operation.id}/cancel")
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/operations/{operation.id}"
    assert (await ended(house, operation)).state == "cancelled"
    echo = await ended(house, await submit(house, "test.echo", {}))
    again = await http.post(f"/api/operations/{echo.id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "meshery.operation.ended")


async def test_events_of_an_operation_are_a_list_or_a_stream_of_states(
    house: Platform, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    document = {"marks": str(tmp_path / "m"), "count": 2, "pause_s": 0.1}
    operation = await submit(house, "test.steps", document)
    path = f"/api/operations/{operation.id}/events"
    async with http.stream("GET", path, headers={"Accept": "text/event-stream"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in response.aiter_lines()]  # it ends with the operation
    assert lines[0] == ": connected"
    assert '"state":"succeeded"' in [line for line in lines if line.startswith("data:")][-1]
    texts = [event["text"] for event in (await get(http, path, order="at"))["items"]]
    assert texts == ["Steps: started", "Steps: succeeded"]


async def test_the_event_stream_resumes_after_the_last_id(
    house: Platform, http: httpx2.AsyncClient
) -> None:
    emitted = [
        await house.events.emit(category="test", severity="info", subject=SUBJECT, text=str(n))
        for n in range(3)
    ]
    seen: list[str] = []
    headers = {"Last-Event-ID": str(emitted[0].seq)}
    async with http.stream("GET", "/api/events/stream", headers=headers) as response:
        async for line in response.aiter_lines():
            seen.append(line)
            if len([one for one in seen if one.startswith("data:")]) == 2:
                break
    assert [line for line in seen if line.startswith("id:")] == [
        f"id: {event.seq}" for event in emitted[1:]
    ]
    assert "event: event" in seen
    listed = await get(http, "/api/events", severity="info", category="test", order="seq")
    assert [event["text"] for event in listed["items"]] == ["0", "1", "2"]


async def test_a_silent_stream_shows_that_it_lives(
    house: Platform, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meshery.operations.sse import frames_of

    async with house.events.subscribe() as events:
        frames = frames_of(events, lambda event: event.id.encode(), heartbeat_s=0.05)
        assert await anext(frames) == b": connected\n\n"
        assert await anext(frames) == b": still here\n\n"
        await frames.aclose()  # type: ignore[attr-defined] # it is a generator
