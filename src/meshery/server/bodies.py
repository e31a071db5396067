"""Bodies have an end: a request that announces or sends more than its limit is refused (413)."""

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from meshery.core.errors import InvalidInputError, LimitError

MAX_BODY_BYTES = 8 * 1_048_576
"""Enough for a manifest of a big application; larger uploads get routes of their own."""


def check_length(headers: Headers, *, limit_bytes: int = MAX_BODY_BYTES) -> None:
    """LimitError when the announced length is too large; InvalidInputError when it is no number."""
    announced = headers.get("content-length", "0")
    if not announced.isdecimal():
        raise InvalidInputError("the Content-Length is not a number")
    if len(announced) > 18 or int(announced) > limit_bytes:
        raise too_large(limit_bytes)


class BodyLimit:
    """Counts the bytes of one request's body as they come; beyond the limit there are no more."""

    def __init__(self, receive: Receive, *, limit_bytes: int = MAX_BODY_BYTES) -> None:
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._total = 0
        self.is_exceeded = False

    async def receive(self) -> Message:
        """The next message; LimitError once the bodies add up to too much."""
        message = await self._receive()
        self._total += len(message.get("body", b""))
        if self._total > self._limit_bytes:
            self.is_exceeded = True
            raise too_large(self._limit_bytes)
        return message


def has_body(scope: Scope) -> bool:
    """Whether a request of this method is expected to bring a body."""
    return scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}


def too_large(limit_bytes: int) -> LimitError:
    """The refusal."""
    return LimitError(
        "the request's body is too large",
        cause=f"at most {limit_bytes} bytes are read",
        remedy="send less at once, or split the document",
        code="meshery.body_too_large",
    )
