"""Files named on a command line. The last one read is remembered: errors can say `file:line`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshery.core.errors import InvalidInputError

MAX_BYTES = 8 * 1_048_576

_state = {"source": ""}


def read_file(path: str) -> str:
    """The text of a file, of standard input for `-`. InvalidInputError when it cannot be read."""
    _state["source"] = "standard input" if path == "-" else path
    try:
        raw = _start_of(path)
    except OSError as error:
        raise InvalidInputError(
            f"cannot read {path}",
            cause=str(error.strerror),
            remedy="check the path and its permissions",
        ) from error
    if len(raw) > MAX_BYTES:
        raise InvalidInputError(f"{path} is larger than {MAX_BYTES} bytes", remedy="split it")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path} is no text", cause=str(error), remedy="send UTF-8"
        ) from error


def _start_of(path: str) -> bytes:
    """All that may be there, and one byte more if it is too large; the rest is never held."""
    if path == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Errors inside are about the lines of the file `name`."""
    _state["source"] = name
    yield
    _state["source"] = ""


def last_source() -> str:
    """The name of the file read last; empty when there was none."""
    return _state["source"]
