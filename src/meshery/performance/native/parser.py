"""Reading answers of HTTP/1.1 (RFC 9112) just far enough: status, where the body ends, keep-alive.

Answers to the same request repeat. A head seen before is not parsed again, and a small answer seen
before whole is recognised by its bytes alone (the loops do that before they come here), which is
what makes a Python injector cheap. Nothing is guessed: equal bytes have equal meaning.
"""

import re
from typing import Final, NamedTuple

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2
MORE: Final = 0
"""`feed` returns it while the answer is not whole."""

_MOST_HEAD = 65_536
_MOST_HEADS = 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?$")
_NO_BODY = frozenset({204, 304})


class BadResponseError(Exception):
    """The answer is no HTTP/1.1, or ended early; the text is the reason that is counted."""


class Head(NamedTuple):
    """What a head says: `length` in bytes, CHUNKED or UNTIL_CLOSE."""

    status: int
    length: int
    keep_alive: bool


class ResponseParser:
    """One answer after the other on one connection."""

    __slots__ = ("_buffer", "_chunk", "_head", "_left", "bodiless", "heads", "keep_alive")

    def __init__(self, heads: dict[bytes, Head]) -> None:
        self.heads = heads
        self.bodiless = False
        self.keep_alive = True
        self._head: Head | None = None
        self._buffer = b""
        self._left = 0
        self._chunk = False

    def begin(self, *, bodiless: bool) -> None:
        """Expect the answer to a new request; `bodiless` after HEAD."""
        self.bodiless = bodiless
        self._head = None
        self._buffer = b""

    @property
    def is_fresh(self) -> bool:
        """True while nothing of the answer came."""
        return self._head is None and not self._buffer

    def feed(self, data: bytes) -> int:
        """Take bytes; the status when the answer is whole, MORE while it is not."""
        if self._head is not None:
            return self._body(data)
        if self._buffer:
            data = self._buffer + data
        end, gap = _find_end(data)
        if end < 0:
            if len(data) > _MOST_HEAD:
                raise BadResponseError("bad response: head too long")
            _check_start(data)
            self._buffer = data
            return MORE
        return self._start(data[:end], data[end + gap :])

    def close(self) -> int:
        """The peer ended the stream: the status if that ends the answer."""
        if self._head is not None and self._head.length == UNTIL_CLOSE:
            return self._done()
        if self._head is not None or self._buffer:
            raise BadResponseError("connection closed within the response")
        raise BadResponseError("connection closed before the response")

    def _start(self, block: bytes, rest: bytes) -> int:
        head = self._head = self.heads.get(block) or self._learn(block)
        if head.status < 200:
            if head.status == 101:
                raise BadResponseError("bad response: switched protocols")
            self._head = None
            self._buffer = b""
            return self.feed(rest) if rest else MORE
        self.keep_alive = head.keep_alive
        if self.bodiless or head.status in _NO_BODY:
            head = self._head = head._replace(length=0)
        self._left = head.length
        self._chunk = False
        self._buffer = b""
        return self._body(rest)

    def _learn(self, block: bytes) -> Head:
        head = parse_head(block)
        if len(self.heads) >= _MOST_HEADS:
            self.heads.clear()
        self.heads[block] = head
        return head

    def _body(self, data: bytes) -> int:
        head = self._head
        if head is None or head.length == UNTIL_CLOSE:
            return MORE
        if head.length == CHUNKED:
            return self._chunks(data)
        self._left -= len(data)
        if self._left < 0:
            raise BadResponseError("bad response: bytes after its end")
        return self._done() if self._left == 0 else MORE

    def _chunks(self, data: bytes) -> int:
        """Walk through chunks: size line, data, empty line; then trailers up to an empty line."""
        data = self._buffer + data if self._buffer else data
        at = 0
        while True:
            if self._left > 0:
                took = min(self._left, len(data) - at)
                self._left -= took
                at += took
            end = data.find(b"\n", at)
            if self._left > 0 or end < 0:
                break
            line = data[at:end].rstrip(b"\r")
            at = end + 1
            if self._line(line):
                if at < len(data):
                    raise BadResponseError("bad response: bytes after its end")
                return self._done()
        self._buffer = data[at:]
        if len(self._buffer) > _MOST_HEAD:
            raise BadResponseError("bad response: chunk line too long")
        return MORE

    def _line(self, line: bytes) -> bool:
        """One line outside chunk data; True when it ended the body. `_left` -3 = trailers."""
        if self._left == -3:
            return not line
        if self._chunk:
            if line:
                raise BadResponseError("bad response: chunk longer than its size")
            self._chunk = False
            return False
        size = _CHUNK_SIZE.match(line)
        if size is None:
            raise BadResponseError("bad response: chunk size")
        self._left = int(size[1], 16) or -3
        self._chunk = self._left > 0
        return False

    def _done(self) -> int:
        head = self._head
        self._head = None
        self._buffer = b""
        return head.status if head else MORE


def parse_head(block: bytes) -> Head:
    """Read a head without its empty line; BadResponseError when it is none."""
    first, *lines = block.replace(b"\r\n", b"\n").split(b"\n")
    start = _STATUS_LINE.match(first)
    if start is None:
        raise BadResponseError("bad response: status line")
    fields = _fields(lines)
    options = {option.strip().lower() for option in fields.get(b"connection", b"").split(b",")}
    keep_alive = b"close" not in options if start[1] == b"1" else b"keep-alive" in options
    length = _length(fields)
    return Head(int(start[2]), length, keep_alive and length != UNTIL_CLOSE)


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise BadResponseError("bad response: header field")
        key, text = name.lower(), value.strip(b" \t")
        fields[key] = fields[key] + b"," + text if key in fields else text
    return fields


def _length(fields: dict[bytes, bytes]) -> int:
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        last = coding.lower().rpartition(b",")[2].strip()
        return CHUNKED if last == b"chunked" else UNTIL_CLOSE
    given = fields.get(b"content-length")
    if given is None:
        return UNTIL_CLOSE
    values = {value.strip() for value in given.split(b",")}
    text = values.pop()
    if values or not text.isdigit():
        raise BadResponseError("bad response: content-length")
    return int(text)


def _find_end(data: bytes) -> tuple[int, int]:
    end = data.find(b"\r\n\r\n")
    if end >= 0:
        return end, 4
    return data.find(b"\n\n"), 2  # RFC 9112 section 2.2: a lone LF may end a line


def _check_start(data: bytes) -> None:
    if not (data.startswith(b"HTTP/") or b"HTTP/".startswith(data[:5])):
        raise BadResponseError("bad response: status line")
