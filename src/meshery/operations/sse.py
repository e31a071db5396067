"""Server-sent events (WHATWG HTML, section 9.2): items as they come, comments while none does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import msgspec
from fastapi.responses import StreamingResponse

T = TypeVar("T")

HEARTBEAT_S = 10.0
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def sse_response(frames: AsyncIterator[bytes]) -> StreamingResponse:
    """The response that streams `frames`."""
    return StreamingResponse(frames, media_type="text/event-stream", headers=_HEADERS)


def frame(name: str, document: object, *, cursor: int = 0) -> bytes:
    """One event: its name, its data as JSON, and the resume cursor as its id."""
    head = f"id: {cursor}\n" if cursor else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(document) + b"\n\n"


@asynccontextmanager
async def closing(items: AsyncGenerator[T]) -> AsyncIterator[AsyncGenerator[T]]:
    """A source that is closed in order, also when the answer was cancelled.

    The server's cancel comes again at each await until the answer ends, so closing is shielded.
    """
    try:
        yield items
    finally:
        with anyio.CancelScope(shield=True):
            await items.aclose()


async def frames_of(
    items: AsyncIterator[T], encode: Callable[[T], bytes], *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Frames of `items`; a comment at once, and whenever nothing came for `heartbeat_s`."""
    yield b": connected\n\n"
    while True:
        task = asyncio.ensure_future(_next(items))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=heartbeat_s)
                if not task.done():
                    yield b": still here\n\n"
        finally:
            if not task.done():  # the reader went away
                task.cancel()
                with anyio.CancelScope(shield=True):
                    await asyncio.wait({task})
        try:
            item = task.result()
        except StopAsyncIteration:
            return
        yield encode(item)


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
