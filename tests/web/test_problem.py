from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel

from meshery.core.errors import ConflictError, MesheryError, Problem, error_from_dict
from meshery.web.paging import PageQuery, page_query
from meshery.web.problem import MEDIA_TYPE, install_problem_handlers
from meshery.web.respond import json_response


class Wish(BaseModel):
    name: str
    count: int


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)
    listing = Depends(page_query("created_at", "name"))

    @app.get("/conflict")
    async def conflict() -> Response:
        raise ConflictError(
            "taken",
            cause="by another",
            remedy="wait",
            problems=[Problem("spec.name", "used twice", 7, "take another")],
        )

    @app.post("/wishes")
    async def wish(wish: Wish) -> Response:
        return json_response(wish.name)

    @app.get("/list")
    async def listed(query: PageQuery = listing) -> Response:
        return json_response([query.page, query.offset, query.order_field, query.descending])

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_our_errors_become_problem_documents(client: httpx2.AsyncClient) -> None:
    response = await client.get("/conflict")
    assert response.status_code == 409
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json() == {
        "type": "urn:meshery:error:conflict",
        "title": "In conflict with another change",
        "status": 409,
        "detail": "taken",
        "instance": "/conflict",
        "code": "meshery.conflict",
        "severity": "error",
        "cause": "by another",
        "remedy": "wait",
        "errors": [
            {"path": "spec.name", "message": "used twice", "line": 7, "hint": "take another"}
        ],
    }


async def test_a_problem_becomes_the_same_error_again(client: httpx2.AsyncClient) -> None:
    error = error_from_dict((await client.get("/conflict")).json())
    assert isinstance(error, ConflictError)
    assert (error.what, error.cause, error.remedy) == ("taken", "by another", "wait")
    assert error.problems[0].line == 7


async def test_all_faults_of_a_body_are_told_at_once(client: httpx2.AsyncClient) -> None:
    response = await client.post("/wishes", json={"count": "many"})
    assert response.status_code == 400
    document = response.json()
    assert {item["path"] for item in document["errors"]} == {"name", "count"}
    assert "many" not in response.text  # what was sent may be a secret


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "meshery.not_found"),
        ("DELETE", "/wishes", 405, "meshery.method"),
    ],
)
async def test_unknown_paths_and_methods_are_problems(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json()["code"] == code
    assert response.json()["instance"] == path


async def test_broken_json_is_a_problem(client: httpx2.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/wishes", content=b"{", headers=headers)
    assert response.status_code == 400
    assert response.headers["content-type"] == MEDIA_TYPE


async def test_paging_reads_page_order_and_search(client: httpx2.AsyncClient) -> None:
    response = await client.get("/list?page=3&page_size=10&order=-name")
    assert response.json() == [3, 20, "name", True]


@pytest.mark.parametrize("order", ["secret", "-secret", "name;drop", "--name"])
async def test_an_order_that_is_not_allowed_is_refused(
    client: httpx2.AsyncClient, order: str
) -> None:
    response = await client.get("/list", params={"order": order})
    assert response.status_code == 400
    assert response.json()["code"] == "meshery.order"
    assert "created_at, name" in response.json()["cause"]


@pytest.mark.parametrize("query", ["page=0", "page_size=0", "page_size=501", "page=x"])
async def test_pages_have_bounds(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/list?{query}")).status_code == 400


def test_every_error_has_a_document() -> None:
    from meshery.web.problem import problem_document

    for kind in MesheryError.__subclasses__():
        document = problem_document(kind("what"), instance="/x")
        assert document.status == kind.http_status
        assert document.code == kind.code
