"""A reader in process: NiceGUI's simulated user over pages that a test hands in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from nicegui.testing.user import User
from nicegui.testing.user_simulation import user_simulation

from meshery.ui.chips import ChipBoard
from meshery.ui.context import PageContext
from meshery.ui.mount import register
from meshery.ui.page import Page
from meshery.ui.site import Site

Reading = Callable[..., AbstractAsyncContextManager[User]]


@asynccontextmanager
async def reading(
    pages: Sequence[Page], *, state: Any = None, board: ChipBoard | None = None
) -> AsyncIterator[User]:
    async with user_simulation() as user:
        board = board or ChipBoard(pages, state)
        register(Site(FastAPI(), pages, state, lambda _request: "tester", board))
        yield user


@pytest.fixture
def read_pages() -> Reading:
    return reading


def page(build: Callable[[PageContext], Awaitable[None]], route: str = "/", **more: Any) -> Page:
    return Page(route, more.pop("title", "Trial"), "speed", 0, 0, build, **more)


@pytest.fixture
def make_page() -> Callable[..., Page]:
    return page
