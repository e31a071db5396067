import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from nicegui import ui

from meshery.core.errors import ConflictError, NotFoundError
from meshery.ui.chips import ChipBoard
from meshery.ui.context import PageContext
from meshery.ui.page import Chip, Hit, Notice, NoticeSource, Page
from meshery.ui.widgets.html import tag

MakePage = Callable[..., Page]


async def greet(context: PageContext) -> None:
    tag("h1", f"Hello {context.path.get('name', 'you')}")
    tag("p", f"{context.actor} asks {dict(context.query)}")


async def test_a_page_stands_in_the_frame(read_pages: Any, make_page: MakePage) -> None:
    hidden = make_page(greet, "/hello/{name}", title="Hidden", in_navigation=False)
    async with read_pages([make_page(greet, title="Start"), hidden]) as user:
        await user.open("/hello/ann?deep=1")
        await user.should_see("Hello ann")
        await user.should_see("tester asks {'deep': '1'}")
        await user.should_see("Start")
        await user.should_not_see("Hidden")


async def test_errors_tell_what_why_and_what_to_do(read_pages: Any, make_page: MakePage) -> None:
    async def fail(_context: PageContext) -> None:
        tag("p", "half a page")
        raise ConflictError("it is taken", cause="another one has it", remedy="wait a little")

    async with read_pages([make_page(fail)]) as user:
        await user.open("/")
        await user.should_see("It is taken")
        await user.should_see("another one has it")
        await user.should_see("wait a little")
        await user.should_not_see("half a page")


async def test_what_is_not_there_says_so_with_404(read_pages: Any, make_page: MakePage) -> None:
    async def look(context: PageContext) -> None:
        raise NotFoundError(f"there is no {context.path['name']}", remedy="look at the list")

    async with read_pages([make_page(look, "/things/{name}")]) as user:
        answer = await user.http_client.get("/things/x")
        assert answer.status_code == 404
        assert "There is no x" in answer.text
        answer = await user.http_client.get("/nowhere")
        assert answer.status_code == 404
        assert "There is no page at this address" in answer.text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "</script><b>", "`${1+1}`"])
async def test_what_comes_from_outside_never_becomes_markup(
    read_pages: Any, make_page: MakePage, name: str
) -> None:
    async def show(_context: PageContext) -> None:
        tag("h1", name, title=name)

    async with read_pages([make_page(show)]) as user:
        answer = await user.http_client.get("/")
        assert name not in answer.text
        await user.open("/")
        await user.should_see(name)


async def test_slow_data_is_announced_by_a_skeleton(read_pages: Any, make_page: MakePage) -> None:
    async def wait(_context: PageContext) -> None:
        await asyncio.sleep(1.2)
        tag("p", "the data")

    async with read_pages([make_page(wait)]) as user:
        await user.open("/")
        await user.should_see("Loading")
        await user.should_not_see("the data")
        await user.should_see("the data", retries=20)
        await user.should_not_see("Loading")


async def test_tasks_begin_with_the_tab_and_end_with_it(
    read_pages: Any, make_page: MakePage
) -> None:
    ticks: list[str] = []
    ended = asyncio.Event()

    async def live(context: PageContext) -> None:
        async def follow() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def tick() -> None:
            ticks.append("tick")

        context.start("follow", follow)
        context.every(0.01, tick)
        assert ticks == []

    async with read_pages([make_page(live)]) as user:
        client = await user.open("/")
        await asyncio.sleep(0.1)
        assert len(ticks) > 2
        client.delete()
        await asyncio.wait_for(ended.wait(), 1)
        count = len(ticks)
        await asyncio.sleep(0.05)
        assert len(ticks) == count


async def test_chips_tell_liveness_in_words(read_pages: Any, make_page: MakePage) -> None:
    async def chips(_state: Any) -> list[Chip]:
        return [Chip("sandbox: shop", "/sandbox/shop"), Chip("far", "/far", "lagging")]

    async with read_pages([make_page(greet, chips=chips)]) as user:
        await user.open("/")
        await user.should_see("sandbox: shop")
        await user.should_see("no news for 3 s")


async def test_chips_without_news_are_told_apart(read_pages: Any, make_page: MakePage) -> None:
    away: list[bool] = []

    async def chips(_state: Any) -> list[Chip]:
        if away:
            raise ConflictError("not now")
        return [Chip("sandbox: shop", "/sandbox/shop")]

    pages = [make_page(greet, chips=chips)]
    async with read_pages(pages, board=ChipBoard(pages, None, fresh_s=0, period_s=0.05)) as user:
        await user.open("/")
        await user.should_see("sandbox: shop")
        away.append(True)
        await user.should_see("no news for 3 s", retries=20)
        await user.should_see("lost", retries=20)
        away.clear()
        await user.should_not_see("lost", retries=60)


async def test_many_tabs_ask_for_chips_once(read_pages: Any, make_page: MakePage) -> None:
    asked: list[int] = []

    async def chips(_state: Any) -> list[Chip]:
        asked.append(1)
        return []

    async with read_pages([make_page(greet, chips=chips)]) as user:
        for _ in range(5):
            await user.open("/")
    assert len(asked) == 1


async def test_search_asks_every_page(read_pages: Any, make_page: MakePage) -> None:
    async def find(_state: Any, words: str) -> list[Hit]:
        return [Hit("sandbox", "shop", "/sandbox/shop")] if words in "shop" else []

    async def broken(_state: Any, _words: str) -> list[Hit]:
        raise ConflictError("not now")

    pages = [make_page(greet, search=find), make_page(greet, "/b", title="Shoplist", search=broken)]
    async with read_pages(pages) as user:
        await user.open("/")
        user.find(kind=ui.input).type("sho")
        await user.should_see("shop")
        await user.should_see("Shoplist")
        user.find(kind=ui.input).clear().type("nothing like it")
        await user.should_see("Nothing is called like “nothing like it”.")


async def test_notices_count_show_and_reach_the_page(read_pages: Any, make_page: MakePage) -> None:
    arrived: asyncio.Queue[Notice] = asyncio.Queue()
    heard: list[str] = []

    async def recent(_state: Any) -> list[Notice]:
        return [Notice(datetime.now(UTC), "info", "an old one")]

    @asynccontextmanager
    async def live(_state: Any) -> AsyncIterator[AsyncIterator[Notice]]:
        async def stream() -> AsyncIterator[Notice]:
            while True:
                yield await arrived.get()

        yield stream()

    async def listen(context: PageContext) -> None:
        context.on_notice(lambda notice: heard.append(notice.text))

    async with read_pages([make_page(listen, notices=NoticeSource(recent, live))]) as user:
        await user.open("/")
        arrived.put_nowait(Notice(datetime.now(UTC), "error", "a new one", remedy="mend it"))
        await asyncio.sleep(0.05)
        assert heard == ["a new one"]
        await user.should_see("1")
        user.find(marker="notices-open").click()
        await user.should_see("an old one")
        await user.should_see("a new one")
        await user.should_see("mend it")
