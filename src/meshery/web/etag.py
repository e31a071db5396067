"""Change control of stored documents: `ETag`, `If-Match`, `If-None-Match` (RFC 9110, 13)."""

import hashlib
from typing import Any

import msgspec
from fastapi import Request, Response

from meshery.core.errors import PreconditionError
from meshery.web.respond import json_response


def etag_of(document: Any) -> str:
    """The strong tag of a document: a digest of its canonical JSON."""
    canonical = msgspec.json.encode(document, order="deterministic")
    return f'"{hashlib.sha256(canonical).hexdigest()[:32]}"'


def check_if_match(request: Request, current: Any) -> None:
    """PreconditionError when the caller's `If-Match` is not the current document's tag.

    Without the header the last writer wins, since the caller did not ask otherwise.
    """
    wanted = request.headers.get("if-match", "")
    if wanted and wanted != "*" and etag_of(current) not in _tags(wanted):
        raise PreconditionError(
            f"{request.url.path} changed since it was read",
            cause="its ETag is no longer the one in If-Match",
            remedy="read it again, repeat the change, and send the new ETag",
        )


def tagged_response(request: Request, document: Any, *, status: int = 200) -> Response:
    """A document with its tag; 304 without a body when the caller already has it."""
    tag = etag_of(document)
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers={"ETag": tag})
    return json_response(document, status=status, headers={"ETag": tag})


def _tags(header: str) -> list[str]:
    return [part.strip().removeprefix("W/") for part in header.split(",") if part.strip()]
