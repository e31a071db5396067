from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from meshery.web.etag import check_if_match, etag_of, tagged_response
from meshery.web.problem import install_problem_handlers
from meshery.web.respond import no_content


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)
    stored = {"a": 1}

    @app.get("/document")
    async def view(request: Request) -> Response:
        return tagged_response(request, stored)

    @app.put("/document")
    async def change(request: Request) -> Response:
        check_if_match(request, stored)
        stored["a"] += 1
        return no_content()

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_change_under_the_present_tag_passes_once(client: httpx2.AsyncClient) -> None:
    tag = (await client.get("/document")).headers["etag"]
    assert (await client.put("/document", headers={"If-Match": tag})).status_code == 204
    refused = await client.put("/document", headers={"If-Match": tag})
    assert refused.status_code == 412
    assert refused.json()["code"] == "meshery.precondition"


async def test_without_the_header_the_last_writer_wins(client: httpx2.AsyncClient) -> None:
    assert (await client.put("/document")).status_code == 204
    assert (await client.put("/document", headers={"If-Match": "*"})).status_code == 204


async def test_who_has_it_gets_304(client: httpx2.AsyncClient) -> None:
    tag = (await client.get("/document")).headers["etag"]
    answer = await client.get("/document", headers={"If-None-Match": f'"x", {tag}'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_the_order_of_keys_does_not_matter() -> None:
    assert etag_of({"a": 1, "b": 2}) == etag_of({"b": 2, "a": 1}) != etag_of({"a": 2, "b": 1})
