"""Puts pages into the server's application: the frame around them, data before the first paint, errors with their remedy.

Data that comes within `PATIENCE_S` is in the first paint; what takes longer is announced by a skeleton, and the page
fills over its socket. Nothing is loaded from another host: fonts and scripts come with NiceGUI's own files.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from nicegui import Client, ui
from nicegui import app as nicegui_app
from nicegui.page import page as page_of

from meshery.core.errors import MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.ui import theme
from meshery.ui.context import PageContext
from meshery.ui.frame import Frame
from meshery.ui.page import Page
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.skeleton import skeleton
from meshery.web.identity import actor_of

PATIENCE_S = 0.7
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b7a75"/>'
    '<path d="M7 24V9l9 8 9-8v15" fill="none" stroke="#fff" stroke-width="3" stroke-linejoin="round"/></svg>'
)
log = get_logger("ui")


def mount(
    app: FastAPI,
    pages: Sequence[Page],
    state: Callable[[], Any] | Any,
    *,
    actor: Callable[[Request], str] = actor_of,
) -> None:
    """Serve `pages` from `app` at `/`. `state` is the platform, or a function that gives it once the server has started."""
    current = state if callable(state) else lambda: state
    ordered = sorted(pages, key=lambda page: (page.section, page.order, page.route))
    _prepare()
    for page in ordered:
        ui.page(page.route, title=f"{page.title} - Meshery", dark=None, response_timeout=10)(
            _builder(page, ordered, current, actor)
        )
    _answer_unknown(ordered, current, actor)
    ui.run_with(
        app,
        title="Meshery",
        favicon=FAVICON,
        dark=None,
        tailwind=False,
        reconnect_timeout=10.0,
        show_welcome_message=False,
        language="en-US",
    )


def _prepare() -> None:
    ui.add_head_html(theme.head_html(), shared=True)
    brand = theme.TOKENS["accent"].light
    nicegui_app.config.quasar_config["brand"] = {"primary": brand}
    nicegui_app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    if theme.QUASAR_HOOK not in nicegui_app.config.vue_config_script:
        nicegui_app.config.vue_config_script += theme.QUASAR_HOOK


def _builder(
    page: Page, pages: Sequence[Page], state: Callable[[], Any], actor: Callable[[Request], str]
) -> Callable[..., Awaitable[None]]:
    async def show(request: Request, client: Client) -> None:
        context = _context(page.route, request, client, state=state(), actor=actor(request))
        await draw(context, page, pages)

    return show


def _context(
    route: str, request: Request, client: Client, *, state: Any, actor: str
) -> PageContext:
    return PageContext(
        state=state,
        route=route,
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        actor=actor,
        client=client,
    )


async def draw(context: PageContext, page: Page, pages: Sequence[Page]) -> None:
    """Draw the frame and the page in it; a page that needs longer than `PATIENCE_S` is finished over the socket."""
    frame = Frame(context, page, pages)
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
        except MesheryError as error:
            body.clear()
            if isinstance(error, NotFoundError):
                context.client.status_code = error.http_status
            error_panel(error)
        except Exception as error:
            log.exception("page failed", route=page.route, error=str(error))
            body.clear()
            error_panel(
                MesheryError(
                    "This page could not be drawn",
                    cause=f"{type(error).__name__}: {error}",
                    remedy="reload it; if it stays so, `mesheryctl system logs` has the details",
                )
            )


def _answer_unknown(
    pages: Sequence[Page], state: Callable[[], Any], actor: Callable[[Request], str]
) -> None:
    """An address that no page has gets the frame and a way back, with status 404."""

    async def build(_context: PageContext) -> None:
        with empty_state(
            "There is no page at this address",
            "It was mistyped, or what it showed has been removed. Choose a page on the left, "
            "or search with /.",
            icon="search_off",
        ):
            link_action("Go to the dashboard", "/", icon="space_dashboard", weight="primary")

    unknown = Page("/not-found", "Not found", "search_off", 99, 99, build, in_navigation=False)

    async def handler(request: Request, _error: Exception) -> Response:
        with Client(page_of("", title="Not found - Meshery", dark=None), request=request) as client:
            context = _context(unknown.route, request, client, state=state(), actor=actor(request))
            await draw(context, unknown, pages)
        return client.build_response(request, 404)

    nicegui_app.exception_handler(404)(handler)


def fill(route: str, **values: str) -> str:
    """`fill("/sandbox/{name}", name="shop")` -> `/sandbox/shop`, quoted."""
    from urllib.parse import quote

    return re.sub(r"\{(\w+)\}", lambda match: quote(values[match[1]], safe=""), route)
