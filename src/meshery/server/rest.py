"""`/api/system`: the server's version, settings and components, and logins of browsers."""

from typing import TypeVar
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Response

from meshery import __version__
from meshery.client.public import public_rows
from meshery.core.page import Page, PageQuery
from meshery.operations.request import PlatformDep
from meshery.server.components import components
from meshery.server.logins import CODE_LIFETIME_S
from meshery.server.state import ServerStateDep
from meshery.web.respond import json_response

T = TypeVar("T")

router = APIRouter(prefix="/api/system", tags=["system"])


class LoginLink(msgspec.Struct, frozen=True):
    """A link that logs a browser in, once."""

    url: str
    expires_in_s: float


@router.get("/version", summary="Version of the server")
async def version() -> Response:
    """The version of the package."""
    return json_response({"version": __version__})


@router.get("/settings", summary="Every setting with value, origin and meaning")
async def settings(state: ServerStateDep) -> Response:
    """As the server read them when it started; secrets are masked."""
    return json_response(_whole(public_rows(state.loaded)))


@router.get("/components", summary="Parts of the server and their state")
async def list_components(platform: PlatformDep, state: ServerStateDep) -> Response:
    """Each is asked now."""
    return json_response(_whole(await components(platform, state.parts)))


@router.post("/logins", summary="A one-time link that logs a browser in", status_code=201)
async def create_login(state: ServerStateDep, next_path: str = "/") -> Response:
    """The link works once, within a minute; `next_path` is where the browser goes then."""
    code = state.logins.new_code()
    link = f"{state.url}/login?code={code}&next={quote(next_path)}"
    return json_response(LoginLink(link, CODE_LIFETIME_S), status=201)


def _whole(items: list[T]) -> Page[T]:
    return Page.of(items, PageQuery(page_size=max(len(items), 1)), total=len(items))
