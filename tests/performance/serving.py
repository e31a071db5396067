"""The routes of this room on a real server, and a client that checks the status."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from fastapi import APIRouter, FastAPI

from fixtures.http import NO_TLS
from fixtures.waiting import until
from meshery.operations.platform import Platform
from meshery.web.problem import install_problem_handlers


class Http:
    """One request each: `await http("GET", path, 200)` gives the document, or the text."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self.client = client
        self.url = url

    async def __call__(
        self,
        method: str,
        path: str,
        status: int,
        *,
        json: Any = None,
        content: str | None = None,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> Any:
        response = await self.client.request(
            method,
            f"/api/performance{path}",
            json=json,
            content=content,
            headers=headers,
            params=params,
        )
        assert response.status_code == status, response.text
        self.headers = response.headers
        if "json" in response.headers.get("content-type", ""):
            return response.json()
        return response.text


@asynccontextmanager
async def served(platform: Platform, *routers: APIRouter) -> AsyncIterator[Http]:
    app = FastAPI()
    app.state.platform = platform
    install_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    server.config.load()
    task = asyncio.create_task(server._serve())

    async def started() -> bool:
        return server.started

    await until(started)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
        yield Http(client, url)
    server.should_exit = True
    await task
