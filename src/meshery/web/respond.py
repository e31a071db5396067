"""Answers, encoded by msgspec: faster than models, and the structs stay the ones of the inside."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from fastapi import Response

JSON = "application/json"

_encoder = msgspec.json.Encoder()


class HasId(Protocol):
    """Anything stored under an id, an operation first of all."""

    @property
    def id(self) -> str:
        """Its id."""


def json_response(
    document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A struct or plain data as JSON. Times must be aware; they are written in UTC with `Z`."""
    return Response(_encoder.encode(document), status, dict(headers or {}), JSON)


def accepted(operation: HasId) -> Response:
    """202 for long work: the operation, and where to follow it."""
    location = f"/api/operations/{operation.id}"
    return json_response(operation, status=202, headers={"Location": location})


def created(document: Any, *, location: str, etag: str = "") -> Response:
    """201 for a new document."""
    headers = {"Location": location} | ({"ETag": etag} if etag else {})
    return json_response(document, status=201, headers=headers)


def no_content() -> Response:
    """204: done, nothing to say."""
    return Response(status_code=204)
