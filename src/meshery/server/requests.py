"""One request from end to end: its id, its line in the log, its metrics, and the net under it.

The id is the caller's `X-Request-ID` when that is sane, else a new one; it goes back with the
answer and stands in every log line meanwhile. What fails unexpectedly is logged with its trace
here, and the caller is told the id only.
"""

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshery.core.errors import LimitError
from meshery.core.telemetry import counter, get_logger, histogram, log_context
from meshery.web.problem import REQUEST_ID_KEY, unexpected_problem

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

requests = counter("http_requests", "Requests answered", ("method", "route", "status"))
latency = histogram("http_request_seconds", "Time to the last byte", ("method", "route"))

log = get_logger("server.requests")


class RequestLayer:
    """Wraps the application behind the security layer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; sockets and lifespan pass unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope[REQUEST_ID_KEY] = request_id
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        with log_context(request_id=request_id):
            try:
                await self._app(scope, receive, answer.send)
            except LimitError:
                raise  # the security layer ended a body that was too long, and answers it
            except ClientDisconnect:
                log.info("caller left", method=scope["method"], path=scope["path"])
            except Exception:  # the edge of the process: logged, and told without details
                log.exception("request failed", method=scope["method"], path=scope["path"])
                if answer.status and not answer.is_whole:
                    raise  # the connection must break, lest half an answer looks whole
                if not answer.status:
                    problem = unexpected_problem(instance=scope["path"], request_id=request_id)
                    await problem(scope, receive, answer.send)
            finally:
                took_s = time.perf_counter() - started
                _count(scope, answer.status, took_s)
                _note(scope, answer.status, took_s)


class _Answer:
    """Adds the id on the way out, and remembers the status and whether all of it went out."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0
        self.is_whole = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["x-request-id"] = self._request_id
        elif message["type"] == "http.response.body":
            self.is_whole = not message.get("more_body", False)
        await self._send(message)


def _request_id(headers: Headers) -> str:
    sent = headers.get("x-request-id", "")
    return sent if _SANE_ID.fullmatch(sent) else uuid.uuid4().hex


def _count(scope: Scope, status: int, took_s: float) -> None:
    # The route's template, never the path: a label per id would grow without end.
    route = getattr(scope.get("route"), "path", "") or "other"
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    requests.labels(method, route, status).inc()
    latency.labels(method, route).observe(took_s)


def _note(scope: Scope, status: int, took_s: float) -> None:
    """One line for what changes something or goes wrong; looking around is not worth a line."""
    if scope["method"] in {"GET", "HEAD", "OPTIONS"} and status < 500:
        return
    log.info(
        "request answered",
        method=scope["method"],
        path=scope["path"],
        status=status,
        took_ms=round(took_s * 1e3, 1),
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
