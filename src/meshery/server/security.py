"""The outermost layer of the server: nothing behind it sees a request that has no business here.

In this order, for HTTP and sockets alike: the Host must be ours; a page of another origin may not
call the API, change anything or open any socket (NiceGUI's Socket.IO, which polls by GET, too);
the caller shows the token or a cookie, except at the health checks and the login; bodies have an
end.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshery.core.errors import LimitError, MesheryError, NotAuthenticatedError
from meshery.core.telemetry import counter
from meshery.server.bodies import (
    MAX_BODY_BYTES,
    BodyLimit,
    check_length,
    has_body,
    too_large,
)
from meshery.server.headers import add_security_headers
from meshery.server.logins import SESSION_LIFETIME_S, Logins, cookie_name
from meshery.server.origin import check_host, check_origin
from meshery.web.identity import LOCAL, set_actor
from meshery.web.problem import problem_response

OPEN_PATHS = frozenset({"/healthz/live", "/healthz/ready", "/login"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SOCKET_PATHS = ("/_nicegui_ws", "/socket.io", "/engine.io")

refusals = counter("refused_requests", "Requests refused by the security layer", ("code",))


class SecurityLayer:
    """Wraps the whole application. `allowed_hosts` as in the setting `server.allowed_hosts`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        logins: Logins,
        allowed_hosts: Collection[str],
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._logins = logins
        self._allowed = frozenset(name.lower() for name in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, socket or lifespan."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded_send = _with_headers(scope, headers, send)
        try:
            self._check(scope, headers)
        except MesheryError as error:
            refusals.labels(error.specific_code).inc()
            await _refuse(error, scope, receive, guarded_send)
            return
        if scope["type"] == "http" and scope["path"] == "/login":
            await self._login(scope)(scope, receive, guarded_send)
        else:
            await self._pass_on(scope, receive, guarded_send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """A MesheryError when the request may not pass."""
        check_host(headers, port=_own_port(scope), allowed=self._allowed)
        has_token, has_cookie = self._has_token(headers), self._has_cookie(scope, headers)
        is_open = scope["type"] == "http" and scope["path"] in OPEN_PATHS
        if _is_guarded(scope):
            needs_proof = _needs_proof(scope) and has_cookie and not has_token
            check_origin(headers, scheme=scope["scheme"], needs_proof=needs_proof)
        if not (has_token or has_cookie or is_open):
            raise _unknown_caller()
        if has_token or has_cookie:
            set_actor(scope, LOCAL)
        if has_body(scope):
            check_length(headers, limit_bytes=self._max_body_bytes)

    def _has_token(self, headers: Headers) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._logins.accepts_token(token.strip())

    def _has_cookie(self, scope: Scope, headers: Headers) -> bool:
        name = cookie_name(_own_port(scope))
        return any(self._logins.accepts_session(value) for value in _cookies(headers, name))

    def _login(self, scope: Scope) -> Response:
        """`GET /login?code=...`: a code becomes a cookie, once."""
        query = parse_qs(scope["query_string"].decode("ascii", "replace"))
        code = query.get("code", [""])[0]
        if scope["method"] != "GET" or not self._logins.use_code(code):
            return _login_page("This link was used already, or is older than a minute.", 401)
        response = RedirectResponse(_local_path(query.get("next", ["/"])[0]), 303)
        response.set_cookie(
            cookie_name(_own_port(scope)),
            self._logins.new_session(),
            max_age=int(SESSION_LIFETIME_S),
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return response

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = BodyLimit(receive, limit_bytes=self._max_body_bytes)

        async def unless_exceeded(message: Message) -> None:
            # The application turns our error into one of its own; the true one is sent below.
            if not body.is_exceeded:
                await send(message)

        with suppress(LimitError):
            await self._app(scope, body.receive, unless_exceeded)
        if body.is_exceeded:
            await _refuse(too_large(self._max_body_bytes), scope, receive, send)


def _own_port(scope: Scope) -> int:
    """The port we listen on, as the socket itself says."""
    server = scope.get("server")
    return int(server[1]) if server and server[1] else 0


def _is_socket(scope: Scope) -> bool:
    if scope["type"] == "websocket" or scope["path"].startswith(_SOCKET_PATHS):
        return True
    return b"EIO=" in scope["query_string"]


def _is_guarded(scope: Scope) -> bool:
    """Whether pages of other origins must keep out: everything but plain looking at pages."""
    return _needs_proof(scope) or scope["path"].startswith(("/api", "/metrics", "/openapi.json"))


def _needs_proof(scope: Scope) -> bool:
    return _is_socket(scope) or scope["method"] not in _SAFE_METHODS


def _cookies(headers: Headers, name: str) -> Iterator[str]:
    """Values of a cookie, read by hand: a malformed one of another program must not hide ours."""
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.partition("=")
            if key.strip() == name:
                yield value.strip()


def _local_path(path: str) -> str:
    """A path of ours to go to after the login, never another host's address."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_local and path.isprintable() else "/"


def _unknown_caller() -> NotAuthenticatedError:
    return NotAuthenticatedError(
        "this server does not know you",
        cause="the request brought neither the token of this server's home nor a valid cookie",
        remedy="open it with `mesheryctl system dashboard`; "
        "programs send `Authorization: Bearer` with the content of the file token in its home",
    )


def _with_headers(scope: Scope, headers: Headers, send: Send) -> Send:
    host = headers.get("host", "")
    is_private = scope["path"].startswith(("/api", "/login"))

    async def send_with_headers(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            outgoing = MutableHeaders(scope=message)
            add_security_headers(outgoing, host=_sane(host), is_private=is_private)
        await send(message)

    return send_with_headers


def _sane(host: str) -> str:
    return host if all(character.isalnum() or character in ".-:[]" for character in host) else ""


async def _refuse(error: MesheryError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": error.what[:100]})
        return
    await _answer(error, scope)(scope, receive, send)


def _answer(error: MesheryError, scope: Scope) -> Response:
    if error.http_status == 401 and _wants_page(scope):
        return _login_page(error.what, 401)
    status = 413 if error.specific_code == "meshery.body_too_large" else 0
    headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else {}
    # What is left of a refused body is not worth reading.
    closing = {"Connection": "close"} if has_body(scope) else {}
    return problem_response(
        error, instance=scope["path"], status=status, headers={**headers, **closing}
    )


def _wants_page(scope: Scope) -> bool:
    is_page = scope["type"] == "http" and not scope["path"].startswith("/api")
    return is_page and "text/html" in Headers(scope=scope).get("accept", "")


def _login_page(why: str, status: int) -> HTMLResponse:
    return HTMLResponse(_LOGIN_PAGE.replace("WHY", escape(why)), status)


_LOGIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in - Meshery</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --bg: #f7f8fa; --panel: #fff; --line: #e3e6eb; --text: #1b2330;
  --muted: #5d6878; --accent: #0b7a75; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f141b; --panel: #161d27; --line: #273241;
  --text: #e6eaf0; --muted: #93a0b2; --accent: #3cc4bb; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--bg);
  color: var(--text); font: 14px/1.5 Inter, system-ui, sans-serif; }
main { max-width: 440px; padding: 32px; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; }
h1 { margin: 0 0 8px; font-size: 18px; } p { margin: 8px 0; color: var(--muted); }
code { color: var(--accent); font-size: 13px; }
</style></head><body><main><h1>Open Meshery from your terminal</h1>
<p>WHY</p><p>Run <code>mesheryctl system dashboard</code>: it opens this page with a link that works
once, and your browser stays logged in for a week.</p></main></body></html>
"""
