import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.sandbox.app.message import (
    MAX_BODY_BYTES,
    MalformedError,
    Request,
    Response,
    encode,
    parse_head,
    take_chunks,
)


def head(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("latin-1")


def test_a_request_line_and_headers() -> None:
    parsed = parse_head(head("POST /a/b?x=1&x=2&y= HTTP/1.1", "Host: api", "Content-Length: 12"))
    request = Request(parsed)
    assert (parsed.method, parsed.length, parsed.keep_alive) == ("POST", 12, True)
    assert (request.path, request.query) == ("/a/b", {"x": "2", "y": ""})
    assert request.header("HOST") == "api"
    assert request.header("missing") == ""


def test_the_absolute_form_has_the_same_path() -> None:
    assert Request(parse_head(b"GET http://api:80/a?b=c HTTP/1.1")).path == "/a"
    assert Request(parse_head(b"GET http://api HTTP/1.1")).path == "/"


@pytest.mark.parametrize(
    ("lines", "keeps"),
    [
        (("GET / HTTP/1.1", "Connection: close"), False),
        (("GET / HTTP/1.1", "Connection: Upgrade, Close"), False),
        (("GET / HTTP/1.0",), False),
        (("GET / HTTP/1.0", "Connection: keep-alive"), True),
        (("GET / HTTP/1.1", "Connection: keep-alive"), True),
    ],
)
def test_who_closes(lines: tuple[str, ...], *, keeps: bool) -> None:
    assert parse_head(head(*lines)).keep_alive is keeps


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("GET /",), 400),
        (("GET  / HTTP/1.1",), 400),
        (("G@T / HTTP/1.1",), 400),
        (("GET /\xff HTTP/1.1",), 400),
        (("GET / HTTP/2.0",), 505),
        (("GET / HTTP/1.1", "Content-Length: -1"), 400),
        (("GET / HTTP/1.1", "Content-Length: +1"), 400),
        (("GET / HTTP/1.1", "Content-Length: 1, 1"), 400),
        (("GET / HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
        (("GET / HTTP/1.1", f"Content-Length: {MAX_BODY_BYTES + 1}"), 413),
        (("GET / HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (("GET / HTTP/1.1", "Transfer-Encoding: gzip, chunked"), 501),
        (("GET / HTTP/1.1", "Connection : close"), 400),
        (("GET / HTTP/1.1", "Connection: a", " folded"), 400),
    ],
)
def test_what_two_programs_could_read_differently_is_refused(
    lines: tuple[str, ...], status: int
) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_head(head(*lines))
    assert caught.value.status == status


@given(parts=st.lists(st.binary(min_size=1, max_size=40), max_size=5), rest=st.binary(max_size=9))
def test_chunks_are_put_together_and_the_rest_is_left(parts: list[bytes], rest: bytes) -> None:
    sent = b"".join(b"%x;e=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    assert take_chunks(sent + rest) == (b"".join(parts), len(sent))
    assert all(take_chunks(sent[:cut]) is None for cut in range(len(sent)))


def test_trailers_are_skipped() -> None:
    assert take_chunks(b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\nnext") == (b"a", 21)


@pytest.mark.parametrize("sent", [b"x\r\n", b"-1\r\n", b"1\r\nab\r\n", b"fffffff\r\n", b"\r\n"])
def test_malformed_chunks(sent: bytes) -> None:
    with pytest.raises(MalformedError):
        take_chunks(sent + b"0\r\n\r\n")


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read(noise: bytes) -> None:
    try:
        parse_head(noise)
    except MalformedError as error:
        refusal = error.status
    else:
        refusal = 400
    assert refusal in {400, 413, 501, 505}


def test_a_response_is_one_piece_of_bytes() -> None:
    response = Response(404, b"{}", headers=(("x-a", "b"),))
    assert encode(response, keep_alive=True) == (
        b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nx-a: b\r\n"
        b"content-length: 2\r\n\r\n{}"
    )
    closing = encode(Response(599), keep_alive=False, head_only=True)
    assert closing == b"HTTP/1.1 599 Unknown\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
