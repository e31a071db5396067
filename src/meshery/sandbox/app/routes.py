"""What the application answers.

    /                its name; the smallest answer it has, and it calls nobody
    /chain           calls everybody it shall call, through its sidecar, and answers with all names
    /fail?rate=&code=   that percentage of errors (500 unless told)
    /delay?ms=       an answer after a while
    /echo            the request it got; /call sends one for the caller
    /metrics         what it received and called; DELETE forgets it
    /healthz /version
    anything else    its name and the path
    PATH?echo        at any path, the request it got, with no note of it

`/echo`, `/call` and `/metrics` are those of the sample application of the SMI conformance tests,
with more keys. A version's latency and error rate hold for everything but `/healthz`, `/version`,
`/metrics` and `?echo`.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from meshery.sandbox.app.client import Call, CallError, Client, Reply
from meshery.sandbox.app.config import AppConfig
from meshery.sandbox.app.ledger import Call as CallRecord
from meshery.sandbox.app.ledger import Ledger
from meshery.sandbox.app.message import Request, Response, encode
from meshery.sandbox.app.protocol import Answer

_MAX_DELAY_MS = 60_000.0
_SHOWN = ("?echo", "&echo")
_PASSED_ON = ("x-", "traceparent", "tracestate", "b3")
_NOT_PASSED_ON = ("x-envoy-", "x-forwarded-", "x-real-")


class CallRequest(msgspec.Struct):
    """The body of `/call`."""

    url: str
    method: str
    body: str
    headers: dict[str, str] | None = None


class Application:
    """Answers requests; `handle` is the protocol's handler."""

    def __init__(self, config: AppConfig) -> None:
        proxy = (config.proxy_host, config.proxy_port) if config.proxy_port else None
        self._config = config
        self._ledger = Ledger()
        self._client = Client(proxy=proxy, timeout_s=config.call_timeout_s)
        self._marks = (("x-served-by", config.instance), ("x-version", config.version))
        self._name = {
            "service": config.service,
            "version": config.version,
            "instance": config.instance,
        }
        self._is_perfect = config.latency_ms == 0 and config.error_rate == 0
        self._root = encode(self._json(self._name), keep_alive=True)
        self._plain: dict[str, Callable[[Request], Response]] = {
            "/healthz": lambda _: self._json({"status": "ok"}),
            "/version": lambda _: self._json(self._name),
            "/metrics": self._metrics,
        }
        self._flawed: dict[str, Callable[[Request], Response | Awaitable[Response]]] = {
            "/chain": self._chain,
            "/fail": self._fail,
            "/delay": self._delay,
            "/echo": self._echo,
            "/call": self._call,
        }

    def handle(self, request: Request) -> Answer:
        """The answer to a request."""
        if self._is_perfect and request.head.target == "/" and request.method == "GET":
            return self._root
        path = request.path
        if request.head.target.endswith(_SHOWN):
            return self._dump(request)
        if path in self._plain:
            return self._plain[path](request)
        handler = self._flawed.get(path, self._anything)
        return handler(request) if self._is_perfect else self._with_flaws(request, handler)

    async def close(self) -> None:
        """Close the connections to others."""
        await self._client.close()

    async def _with_flaws(
        self, request: Request, handler: Callable[[Request], Response | Awaitable[Response]]
    ) -> Response:
        """The version's latency and errors, then the answer."""
        if self._config.latency_ms:
            await asyncio.sleep(self._config.latency_ms / 1000)
        if _by_chance(self._config.error_rate):
            return self._json({**self._name, "error": "this version fails"}, status=500)
        answer = handler(request)
        return answer if isinstance(answer, Response) else await answer

    def _anything(self, request: Request) -> Response:
        if request.path == "/":
            return self._json(self._name)
        return self._json({**self._name, "path": request.head.target})

    def _metrics(self, request: Request) -> Response:
        if request.method == "GET":
            return Response(200, self._ledger.document(), headers=self._marks)
        if request.method == "DELETE":
            self._ledger.clear()
            return Response(headers=self._marks)
        return self._text("Method not defined", status=400)

    def _fail(self, request: Request) -> Response:
        rate, code = _number(request, "rate", 100.0), _number(request, "code", 500.0)
        if rate is None or code is None or not 200 <= code <= 599:
            return self._text("rate is a percentage, code a status from 200 to 599", status=400)
        if _by_chance(rate):
            return self._json({**self._name, "error": "asked to fail"}, status=int(code))
        return self._json(self._name)

    async def _delay(self, request: Request) -> Response:
        wait_ms = _number(request, "ms", 100.0)
        if wait_ms is None or wait_ms > _MAX_DELAY_MS:
            return self._text(f"ms is a number up to {_MAX_DELAY_MS:g}", status=400)
        await asyncio.sleep(wait_ms / 1000)
        return self._json({**self._name, "delayed_ms": wait_ms})

    def _echo(self, request: Request) -> Response:
        self._ledger.receive(request.header("ServiceName"))
        return self._dump(request)

    def _dump(self, request: Request) -> Response:
        dump = request.head.raw + b"\r\n\r\n" + request.body
        return Response(200, dump, "text/plain", self._marks)

    async def _call(self, request: Request) -> Response:
        self._ledger.receive(request.header("ServiceName"))
        if request.method != "POST" or not request.body:
            return Response(headers=self._marks)
        if request.header("Origin"):  # a page in a browser must not reach out through us
            return self._text("not for browsers", status=403)
        try:
            wanted = msgspec.json.decode(request.body, type=CallRequest)
        except msgspec.DecodeError as error:
            return self._text(f"the body is no call: {error}", status=400)
        headers = dict(wanted.headers or {})
        sent = {**headers, "ServiceName": self._config.service}
        call = Call(wanted.method.upper(), wanted.url, tuple(sent.items()), wanted.body.encode())
        started = time.perf_counter()
        reply, why = await self._answer_of(call)
        elapsed_s = time.perf_counter() - started
        status = reply.status if reply else 0
        record = CallRecord(wanted.url, wanted.method, wanted.headers, status, why, elapsed_s)
        if reply is not None or self._config.notes_lost_calls:
            self._ledger.record(record)
        if reply is None:
            return self._text("Error completing the request", status=500)
        kind = reply.headers.get("content-type", "application/octet-stream")
        return Response(200, reply.body, kind, self._marks)

    async def _answer_of(self, call: Call) -> tuple[Reply | None, str]:
        try:
            return await self._client.send(call, follow=True), ""
        except CallError as error:
            return None, str(error)

    async def _chain(self, request: Request) -> Response:
        passed_on = tuple(
            (name, value) for name, value in request.headers if _is_passed_on(name.lower())
        )
        calls = [self._link(service, passed_on) for service in self._config.calls]
        links = await asyncio.gather(*calls)
        has_failed = any("error" in link for link in links)
        chain = {**self._name, "calls": links}
        return self._json(chain, status=502 if has_failed else 200)

    async def _link(self, service: str, headers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
        """One call of the chain: what the service answered, or why it did not."""
        try:
            reply = await self._client.send(Call("GET", f"http://{service}/chain", headers))
        except CallError as error:
            return {"service": service, "error": str(error)}
        try:
            answer = msgspec.json.decode(reply.body)
        except msgspec.DecodeError:
            answer = {"said": reply.body[:200].decode("utf-8", "replace").strip()}
        link = {"service": service, **answer} if isinstance(answer, dict) else {"service": service}
        if reply.status != 200:
            link.setdefault("error", f"status {reply.status}")
            link["status"] = reply.status
        return link

    def _json(self, document: Any, *, status: int = 200) -> Response:
        return Response(status, msgspec.json.encode(document), headers=self._marks)

    def _text(self, text: str, *, status: int) -> Response:
        return Response(status, f"{text}\n".encode(), "text/plain", self._marks)


def _number(request: Request, name: str, default: float) -> float | None:
    """A query parameter as a number that is not negative; None when it is none."""
    text = request.query.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        return None
    return value if value >= 0 and math.isfinite(value) else None


def _by_chance(percent: float) -> bool:
    return percent > 0 and random.random() * 100 < percent  # noqa: S311 - no secret


def _is_passed_on(name: str) -> bool:
    return name.startswith(_PASSED_ON) and not name.startswith(_NOT_PASSED_ON)
