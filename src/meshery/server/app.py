"""The application: routes and pages of all rooms, problems for what is unknown, layers around it.

From outside inwards: security, then the request's id, log and metrics, then stored answers, then
FastAPI with the routes, and at last the pages.
"""

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.types import ASGIApp

from meshery import __version__
from meshery.operations.platform import Platform
from meshery.server import docs, health
from meshery.server.parts import Parts
from meshery.server.requests import RequestLayer
from meshery.server.security import SecurityLayer
from meshery.server.state import ServerState
from meshery.web.answers import AnswerLayer
from meshery.web.identity import actor_of
from meshery.web.problem import install_problem_handlers

ROUTES = "meshery.routes"
PAGES = "meshery.pages"
_UNKNOWN = "/api/{path:path}"
_EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_app(platform: Platform, state: ServerState) -> ASGIApp:
    """Everything a server answers, over an opened platform."""
    # Its joins know the domains, and so it comes with them: when doors are opened, not before.
    from meshery.server.graphql.router import graphql_router

    app = FastAPI(title="Meshery", version=__version__, docs_url=None, redoc_url=None)
    app.state.platform = platform
    app.state.server = state
    install_problem_handlers(app)
    app.include_router(health.router)
    app.include_router(docs.router)
    _add_routes(app, state.parts)
    app.include_router(graphql_router(state.parts))
    app.add_api_route(_UNKNOWN, _unknown_path, methods=_EVERY_METHOD, include_in_schema=False)
    _add_pages(app, platform, state.parts)
    answering = AnswerLayer(app, database=lambda: platform.database)
    allowed = state.loaded.settings.server.allowed_hosts
    return SecurityLayer(RequestLayer(answering), logins=state.logins, allowed_hosts=allowed)


def _add_routes(app: FastAPI, parts: Parts) -> None:
    for name, router in parts.load(ROUTES):
        if not isinstance(router, APIRouter):
            raise TypeError(f"{name} of the group {ROUTES} is no APIRouter")
        app.include_router(router)


def _add_pages(app: FastAPI, platform: Platform, parts: Parts) -> None:
    from meshery.ui.mount import mount

    pages = [page for _, brought in parts.load(PAGES) for page in brought]
    mount(app, pages, platform, actor=actor_of)


async def _unknown_path(request: Request) -> Response:
    """404, or 405 with the methods that the path does know."""
    known = [method for method in _EVERY_METHOD if _is_known(request, method)]
    if known:
        raise HTTPException(405, headers={"Allow": ", ".join(known)})
    raise HTTPException(404)


def _is_known(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(
        route.matches(scope)[0] is Match.FULL
        for route in request.app.router.routes
        # The pages are mounted at the root and match everything, as this very route does.
        if not isinstance(route, Mount) and getattr(route, "path", "") != _UNKNOWN
    )
