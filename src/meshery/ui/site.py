"""Answers one visit: the frame, the page in it, a skeleton while data is late, errors with remedy.

Data that comes within `PATIENCE_S` is in the first paint; what takes longer is announced by a
skeleton, and the page fills over its socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from nicegui import Client, ui
from nicegui.page import page as page_of

from meshery.core.errors import MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.ui.chips import ChipBoard
from meshery.ui.context import PageContext
from meshery.ui.frame import Frame
from meshery.ui.page import Page
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.prose import sentences
from meshery.ui.widgets.skeleton import skeleton

PATIENCE_S = 0.7
_log = get_logger("ui")


@dataclass(frozen=True)
class Site:
    """All pages of one server, and what they are given."""

    app: FastAPI
    pages: Sequence[Page]
    state: Any
    actor: Callable[[Request], str]
    board: ChipBoard

    def builder(self, page: Page) -> Callable[..., Awaitable[None]]:
        """The function that NiceGUI calls for each visit of `page`."""

        async def show(request: Request, client: Client) -> None:
            await self._draw(self._context(page, request, client), page)

        return show

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """An address that no page has: the frame and a way back, with status 404."""
        with Client(page_of("", title="Not found - Meshery", dark=None), request=request) as client:
            await self._draw(self._context(_UNKNOWN, request, client), _UNKNOWN)
        return client.build_response(request, 404)

    def _context(self, page: Page, request: Request, client: Client) -> PageContext:
        return PageContext(
            state=self.state,
            route=page.route,
            path={name: str(value) for name, value in request.path_params.items()},
            query=dict(request.query_params),
            actor=self.actor(request),
            client=client,
            app=self.app,
            places={page.shows: page.route for page in self.pages if page.shows},
        )

    async def _draw(self, context: PageContext, page: Page) -> None:
        frame = Frame(context, page, self.pages, self.board)
        await frame.draw()
        with frame.content:
            waiting = skeleton()
            waiting.set_visibility(False)
            body = ui.element("div").classes("page")
        building = asyncio.ensure_future(_build(context, page, body))
        context.client.on_delete(building.cancel)
        done, _ = await asyncio.wait({building}, timeout=PATIENCE_S)
        if not done:
            waiting.set_visibility(True)
            body.set_visibility(False)
            await context.client.connected(timeout=30)
            await asyncio.wait({building})
        waiting.delete()
        body.set_visibility(True)


async def _build(context: PageContext, page: Page, body: ui.element) -> None:
    with body:
        try:
            await page.build(context)
        except NotFoundError as error:
            body.clear()
            context.client.status_code = error.http_status
            _draw_missing(error)
        except MesheryError as error:
            body.clear()
            error_panel(error)
        except Exception as error:  # noqa: BLE001 - the edge towards a reader; logged below
            _log.exception("page failed", route=page.route)
            body.clear()
            error_panel(_fault(error))


def _draw_missing(error: NotFoundError) -> None:
    words = sentences(error.cause, error.remedy)
    with empty_state(error.what[:1].upper() + error.what[1:], words, icon="search_off"):
        link_action("Go to the dashboard", "/", icon="space_dashboard", weight="primary")


def _fault(error: Exception) -> MesheryError:
    return MesheryError(
        "This page could not be drawn",
        cause=f"{type(error).__name__}: {error}",
        remedy="reload it; if it stays so, `mesheryctl system logs` has the details",
    )


async def _say_unknown(_context: PageContext) -> None:
    raise NotFoundError(
        "There is no page at this address",
        cause="It was mistyped, or what it showed has been removed",
        remedy="Choose a page on the left, or search with /",
    )


_UNKNOWN = Page("/not-found", "Not found", "search_off", 99, 99, _say_unknown, in_navigation=False)
