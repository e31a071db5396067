"""HTTP/1.1 requests and responses as bytes (RFC 9112): a strict, bounded parser and an encoder.

Strict where leniency would let two programs read one message differently: a length together with a
transfer coding, two lengths that differ, folded headers and stray control characters are refused.
"""

import re
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 1_048_576

_REQUEST = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++) ([!-~]++) HTTP/1\.([01])"
    rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[^\r\n\0]*+)*+"
)
_OTHER_VERSION = re.compile(rb"[A-Z]+ [!-~]+ HTTP/(?!1\.[01])[0-9.]+(?:\r\n|$)")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class MalformedError(Exception):
    """A request that cannot be read; `status` is what the caller is told."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Head(msgspec.Struct):
    """A request without its body. `length` is None for a chunked body."""

    raw: bytes
    method: str
    target: str
    keep_alive: bool
    length: int | None = 0
    expects_continue: bool = False


class Request(msgspec.Struct):
    """A whole request; headers are decoded only for those who ask."""

    head: Head
    body: bytes = b""

    @property
    def method(self) -> str:
        """The method."""
        return self.head.method

    @property
    def path(self) -> str:
        """The path without its query; of an absolute form, the path within."""
        path = self.head.target.partition("?")[0]
        if "://" in path:
            path = "/" + path.partition("://")[2].partition("/")[2]
        return path

    @property
    def query(self) -> dict[str, str]:
        """The query parameters, the last of a name."""
        return dict(parse_qsl(self.head.target.partition("?")[2], keep_blank_values=True))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers in order, names as sent."""
        return header_lines(self.head.raw)

    def header(self, name: str) -> str:
        """The first header of a name, empty when missing."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


class Response(msgspec.Struct):
    """A response before it is bytes."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def parse_head(raw: bytes) -> Head:
    """The head of a request, `raw` without the empty line that ends it. MalformedError else."""
    found = _REQUEST.fullmatch(raw)
    if found is None:
        if _OTHER_VERSION.match(raw):
            raise MalformedError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        raise MalformedError(400, "the request line or a header is malformed")
    method, target, minor = found.groups()
    head = Head(raw, method.decode("ascii"), target.decode("ascii"), keep_alive=minor == b"1")
    lowered = raw.lower()
    if (
        b"\ncontent-length:" in lowered
        or b"\ntransfer-encoding:" in lowered
        or b"\nconnection:" in lowered
        or b"\nexpect:" in lowered
    ):
        _read_framing(head)
    return head


def header_lines(raw: bytes) -> list[tuple[str, str]]:
    """The headers of a head that was parsed."""
    lines = (line.partition(b":") for line in raw.split(b"\r\n")[1:])
    return [
        (name.decode("ascii"), value.strip(b" \t").decode("latin-1")) for name, _, value in lines
    ]


def take_chunks(data: bytes) -> tuple[bytes, int] | None:
    """The body of a chunked message and the bytes it took; None while it is incomplete."""
    body, place = bytearray(), 0
    while True:
        end = data.find(b"\r\n", place)
        if end < 0:
            return None
        size_text = data[place:end].split(b";", 1)[0].strip()
        if not _CHUNK_SIZE.fullmatch(size_text):
            raise MalformedError(400, "a chunk's size is malformed")
        size = int(size_text, 16)
        if len(body) + size > MAX_BODY_BYTES:
            raise MalformedError(413, "the body is too large")
        if size == 0:
            return _skip_trailers(data, end, bytes(body))
        place = end + 2 + size + 2
        if len(data) < place:
            return None
        if data[place - 2 : place] != b"\r\n":
            raise MalformedError(400, "a chunk is longer than it says")
        body += data[end + 2 : place - 2]


def encode(response: Response, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """A response as the bytes of one send."""
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
    if response.body:
        lines.append(f"content-type: {response.content_type}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append(f"content-length: {len(response.body)}")
    if not keep_alive:
        lines.append("connection: close")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if head_only else head + response.body


def _read_framing(head: Head) -> None:
    lengths: set[str] = set()
    is_chunked = False
    for name, value in header_lines(head.raw):
        match name.lower():
            case "content-length":
                lengths.add(value)
            case "transfer-encoding":
                if value.lower() != "chunked" or is_chunked:
                    raise MalformedError(501, "the transfer coding is not known")
                is_chunked = True
            case "connection":
                words = {word.strip() for word in value.lower().split(",")}
                head.keep_alive = "close" not in words and (
                    head.keep_alive or "keep-alive" in words
                )
            case "expect":
                head.expects_continue = value.lower() == "100-continue"
    head.length = None if is_chunked else _length(lengths)
    if is_chunked and lengths:
        raise MalformedError(400, "a length and a transfer coding exclude each other")


def _length(lengths: set[str]) -> int:
    if not lengths:
        return 0
    text = next(iter(lengths))
    if len(lengths) > 1 or not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise MalformedError(400, "the content length is malformed")
    if int(text) > MAX_BODY_BYTES:
        raise MalformedError(413, "the body is too large")
    return int(text)


def _skip_trailers(data: bytes, end: int, body: bytes) -> tuple[bytes, int] | None:
    if data[end : end + 4] == b"\r\n\r\n":
        return body, end + 4
    closing = data.find(b"\r\n\r\n", end)
    return None if closing < 0 else (body, closing + 4)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
