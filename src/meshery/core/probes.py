"""Health and metrics over HTTP for processes that are no web server.

    async with serve_probes("0.0.0.0:11000", ready=...): ...

`/healthz/live` and `/healthz/ready` say a word and nothing more; `/metrics` is for Prometheus.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from meshery.core.errors import ConflictError, InvalidInputError
from meshery.core.telemetry import registry, watch_process

Check = Callable[[], bool]


@asynccontextmanager
async def serve_probes(
    address: str, *, ready: Check, more: Mapping[str, Check] | None = None
) -> AsyncIterator[int]:
    """Answer at `HOST:PORT` while the context is open; yields the port (0 takes a free one).

    `ready` decides `/healthz/ready`, `more` further paths: 200 or 503. InvalidInputError for what
    is no address, ConflictError when it is taken.
    """
    host, port = _split(address)
    app = web.Application()
    checks = {"/healthz/live": _always, "/healthz/ready": ready, **(more or {})}
    app.add_routes([web.get(path, _answer(check)) for path, check in checks.items()])
    app.add_routes([web.get("/metrics", _metrics)])
    watch_process()
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ConflictError(
                f"cannot listen on {address}",
                cause=str(error.strerror or error),
                remedy="give another HOST:PORT; port 0 takes a free one",
                code="meshery.probes.port",
            ) from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _answer(check: Check) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok") if check() else web.Response(status=503, text="not ready")

    return answer


def _always() -> bool:
    return True


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise InvalidInputError(
            f"{address!r} is no address to listen on", remedy="write HOST:PORT, or :PORT"
        )
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - a pod's probes come from outside
