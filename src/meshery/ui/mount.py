"""Puts pages into the server's application.

Nothing is loaded from another host: fonts and scripts come with NiceGUI's own files.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import ui

from meshery.ui import theme
from meshery.ui.chips import ChipBoard
from meshery.ui.page import Page
from meshery.ui.site import Site
from meshery.web.identity import actor_of

RESPONSE_S = 10.0
RECONNECT_S = 10.0
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#0b7a75"/>'
    '<path d="M7 24V9l9 8 9-8v15" fill="none" stroke="#fff" stroke-width="3"'
    ' stroke-linejoin="round"/></svg>'
)


def mount(
    app: FastAPI,
    pages: Sequence[Page],
    state: Any,
    *,
    actor: Callable[[Request], str] = actor_of,
) -> None:
    """Serve `pages` from `app`; each is given `state` (the platform) and the visitor's name."""
    ordered = sorted(pages, key=lambda page: (page.section, page.order, page.route))
    site = Site(app, ordered, state, actor, ChipBoard(ordered, state))
    register(site)
    ui.run_with(
        app,
        title="Meshery",
        favicon=FAVICON,
        dark=None,
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
        language="en-US",
    )


def register(site: Site) -> None:
    """Tell NiceGUI of the pages, the sheet and the colours; running it is the caller's business."""
    ui.add_head_html(theme.head_html(), shared=True)
    config = nicegui_app.config
    config.quasar_config["brand"] = {"primary": theme.TOKENS["accent"].light}
    config.quasar_config["loadingBar"] = {"skipHijack": True}
    if theme.QUASAR_HOOK not in config.vue_config_script:
        config.vue_config_script += theme.QUASAR_HOOK
    for page in site.pages:
        title = f"{page.title} - Meshery"
        # Pages do not stand in the API's documentation: NiceGUI leaves them out by itself.
        ui.page(page.route, title=title, dark=None, response_timeout=RESPONSE_S)(site.builder(page))
    nicegui_app.exception_handler(404)(site.not_found)
