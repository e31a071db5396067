import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery.performance.native.parser import (
    CHUNKED,
    MORE,
    UNTIL_CLOSE,
    BadResponseError,
    Head,
    ResponseParser,
    parse_head,
)

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
ANSWERS = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200),
    "empty": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404),
    "chunked": (
        CHUNKED_HEAD + b"5;a=b\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
        200,
    ),
    "bodiless": (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "interim": (INTERIM + b"HTTP/1.1 201 C\r\ncontent-length:1\r\n\r\n!", 201),
    "line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200),
}


def fresh(*, bodiless: bool = False) -> ResponseParser:
    parser = ResponseParser({})
    parser.begin(bodiless=bodiless)
    return parser


@settings(max_examples=60)
@given(answer=st.sampled_from(list(ANSWERS.values())), cuts=st.lists(st.integers(1, 120)))
def test_any_cutting_gives_the_same_status(answer: tuple[bytes, int], cuts: list[int]) -> None:
    data, status = answer
    places = sorted({cut for cut in cuts if cut < len(data)})
    parser = fresh()
    for begin, end in zip([0, *places], [*places, len(data)], strict=True):
        found = parser.feed(data[begin:end])
        assert found == (status if end == len(data) else MORE)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_reason(data: bytes) -> None:
    for start in (
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ):
        parser = fresh()
        try:
            if parser.feed(start + data) == MORE:
                parser.close()
        except BadResponseError as error:
            assert str(error)  # noqa: PT017  the reason is what is counted


@pytest.mark.parametrize(
    ("block", "head"),
    [
        (b"HTTP/1.1 200 OK\r\nConTent-LENGTH:  7 ", Head(200, 7, keep_alive=True)),
        (b"HTTP/1.1 200\r\ncontent-length: 0", Head(200, 0, keep_alive=True)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\ncontent-length: 7", Head(200, 7, True)),
        (
            b"HTTP/1.1 200 OK\r\nConnection: upgrade, Close\r\nContent-Length: 1",
            Head(200, 1, False),
        ),
        (b"HTTP/1.1 200 OK", Head(200, UNTIL_CLOSE, keep_alive=False)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1", Head(200, 1, keep_alive=False)),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1", Head(200, 1, True)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", Head(200, CHUNKED, True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3",
            Head(200, UNTIL_CLOSE, False),
        ),
    ],
)
def test_heads(block: bytes, head: Head) -> None:
    assert parse_head(block) == head


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"HTTP/2 200 OK", "status line"),
        (b"HTTP/1.1 20 OK", "status line"),
        (b"HTTP/1.1 200 OK\r\nno colon", "header field"),
        (b"HTTP/1.1 200 OK\r\nname : value", "header field"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2", "content-length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1", "content-length"),
    ],
)
def test_bad_heads(block: bytes, reason: str) -> None:
    with pytest.raises(BadResponseError, match=reason):
        parse_head(block)


def test_one_connection_carries_many_answers() -> None:
    parser = fresh()
    for data, status in ANSWERS.values():
        assert parser.feed(data) == status
        parser.begin(bodiless=False)


def test_a_switched_protocol_is_no_answer() -> None:
    with pytest.raises(BadResponseError, match="switched"):
        fresh().feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")


def test_a_head_without_end_is_given_up() -> None:
    parser = fresh()
    parser.feed(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(BadResponseError, match="too long"):
        parser.feed(b"X: " + b"y" * 70_000)


def test_closing_ends_only_answers_that_end_so() -> None:
    parser = fresh()
    assert parser.feed(b"HTTP/1.1 200 OK\r\n\r\nsome") == MORE
    assert parser.close() == 200
    with pytest.raises(BadResponseError, match="before the response"):
        fresh().close()
