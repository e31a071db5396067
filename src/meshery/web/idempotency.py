"""`Idempotency-Key` on POST: the same key and body get the same answer; the work is done once.

A room's routes need nothing for it: `web/answers.py` stores whole answers in front of all routes.
A route that starts long work also passes the key on, so that even a server killed between the
work and its answer does not start it twice:

    async def create(key: IdempotencyKey, ...) -> Response:
        operation = await platform.operations.submit(..., idempotency_key=key)
"""

import hashlib
from typing import Annotated

from fastapi import Header

from meshery.core.errors import InvalidInputError, LimitError

HEADER = "idempotency-key"
MAX_KEY_CHARACTERS = 200

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=MAX_KEY_CHARACTERS,
        description="A name of your choice for this request; repeating it repeats the answer only",
    ),
]
"""Declare it with a default: `key: IdempotencyKey = ""`."""


def checked_key(text: str) -> str:
    """The key as sent; InvalidInputError when it is too long or not printable ASCII."""
    if len(text) > MAX_KEY_CHARACTERS or not (text.isascii() and text.isprintable()):
        raise InvalidInputError(
            "the Idempotency-Key cannot be used",
            cause=f"it must be printable ASCII of at most {MAX_KEY_CHARACTERS} characters",
            remedy="a UUID does well",
            code="meshery.idempotency_key",
        )
    return text


def fingerprint(method: str, target: str, body: bytes) -> str:
    """What a key stands for: a digest of method, path with query, and body."""
    digest = hashlib.sha256()
    for part in (method.encode(), target.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def key_reused(key: str) -> LimitError:
    """The refusal of a key that came before with another request (422)."""
    return LimitError(
        f"the Idempotency-Key {key!r} was already used for a different request",
        cause="the method, path or body differs from the first one sent with it",
        remedy="take a new key for a new request",
        code="meshery.idempotency_key",
    )
