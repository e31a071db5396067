"""What goes wrong on the bus, as UnavailableError with cause and remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

import nats.errors

from meshery.core.errors import UnavailableError

AWAY = "meshery.bus.away"
"""The code of what a bus that is away does not do."""


@contextmanager
def bus_errors(doing: str) -> Iterator[None]:
    """Turns NATS errors into UnavailableError; `doing` completes "the message bus cannot"."""
    try:
        yield
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise away(doing, str(error)) from error


def away(doing: str, cause: str = "") -> UnavailableError:
    """The bus does not do it now."""
    return UnavailableError(
        f"the message bus cannot {doing} now",
        cause=cause or "the connection is down; it is tried again without end",
        remedy="check that the NATS server runs",
        code=AWAY,
    )
