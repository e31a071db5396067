"""`Place`: where an item lies in a list, and the cursor by which the list goes on after it.

A place is made of the item's own values, not of a number: it stays where it is while other items
come and go, and there even when the item itself is gone.
"""

import base64
import binascii
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError, Problem


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The order of the list (`-created_at`), and the item's values in it, the last one its own."""

    order: str
    values: tuple[Any, ...]

    def cursor(self) -> str:
        """As text that says nothing to its reader."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("=")


def place_of(cursor: str, *, order: str) -> Place:
    """The place in a list of this order. InvalidInputError for a cursor of another, or none."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        place = msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=Place)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise no_place("it is no cursor of ours") from error
    if place.order != order:
        raise no_place(f"it is of a list in the order {place.order!r:.60}, this one is {order!r}")
    return place


def no_place(cause: str) -> InvalidInputError:
    """What whoever brings an unusable cursor is told."""
    return InvalidInputError(
        "the argument after cannot be used",
        cause=cause,
        remedy="give a cursor of the same list in the same order, or none to begin",
        code="meshery.cursor",
        problems=[Problem("after", cause)],
    )
