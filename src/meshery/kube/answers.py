"""What an API server answers: read within bounds, split into lines, decoded."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TypeVar

import aiohttp
import msgspec

from meshery.core.errors import LimitError, UnavailableError

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """What the API server said: HTTP status, headers (case-insensitive) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def bounded(response: aiohttp.ClientResponse, most: int, asked: str) -> bytes:
    """A whole body of at most `most` bytes; LimitError when it is larger."""
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > most:
            raise LimitError(
                f"the answer to {asked} is larger than {most} bytes",
                remedy="ask for less: a namespace, a selector, or smaller pages",
                code="meshery.kube.answer_size",
            )
    return bytes(read)


async def lines_of(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes]:
    """The lines in a stream of chunks; LimitError for one longer than `most` bytes."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(rest) > most:
            raise LimitError(
                f"a line of the answer is longer than {most} bytes", code="meshery.kube.line_size"
            )
    if rest:
        yield rest


def decoded(body: bytes, kind: type[T], *, asked: str) -> T:
    """An answer as `kind`; UnavailableError when it is something else, such as a login page."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnavailableError(
            f"the answer to {asked} is not what an API server says",
            cause=f"{error}: {body[:80].decode('utf-8', 'replace')!r}",
            remedy="check that the address is that of an API server, not of a proxy's login",
            code="meshery.kube.answer",
        ) from error
