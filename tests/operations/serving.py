"""The routes of operations on a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from fixtures.waiting import until
from meshery.operations.platform import Platform
from meshery.operations.rest import router
from meshery.web.problem import install_problem_handlers


@asynccontextmanager
async def served(platform: Platform) -> AsyncIterator[str]:
    app = FastAPI()
    app.state.platform = platform
    install_problem_handlers(app)
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
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
