"""Errors of the one tree as gRPC statuses, and back, nothing lost on the way between our own ends.

The status tells who knows only gRPC; the trailing metadata `meshery-error-bin` has the whole error.
"""

from collections.abc import Mapping
from typing import Any

import grpc
import msgspec

from meshery.core.errors import (
    CancelledByUserError,
    ConflictError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    LimitError,
    MesheryError,
    NotAuthenticatedError,
    NotFoundError,
    OperationFailedError,
    PreconditionError,
    UnavailableError,
    UnsupportedError,
    error_from_dict,
)

METADATA_KEY = "meshery-error-bin"
_MOST_DETAILS = 1_000
_MOST_METADATA_BYTES = 5_000
"""Peers refuse more than 8 KiB of metadata, all of it together."""

_Code = grpc.StatusCode

_STATUS: tuple[tuple[type[MesheryError], Any], ...] = (
    (InvalidInputError, _Code.INVALID_ARGUMENT),
    (NotAuthenticatedError, _Code.UNAUTHENTICATED),
    (ForbiddenError, _Code.PERMISSION_DENIED),
    (NotFoundError, _Code.NOT_FOUND),
    (ConflictError, _Code.ABORTED),
    (PreconditionError, _Code.FAILED_PRECONDITION),
    (LimitError, _Code.RESOURCE_EXHAUSTED),
    (UnavailableError, _Code.UNAVAILABLE),
    (UnsupportedError, _Code.UNIMPLEMENTED),
    (OperationFailedError, _Code.UNKNOWN),
    (DeadlineError, _Code.DEADLINE_EXCEEDED),
    (CancelledByUserError, _Code.CANCELLED),
)

_REMEDIES: Mapping[type[MesheryError], str] = {
    UnavailableError: "see that the adapter runs at this address, and whether it asks for TLS",
    NotAuthenticatedError: "give the adapter's token",
    UnsupportedError: "the adapter speaks an older contract; ask its vendor for a newer one",
    OperationFailedError: "see the adapter's own log",
    DeadlineError: "ask again, or give it longer",
}


def status_of(error: MesheryError) -> tuple[Any, str, tuple[tuple[str, bytes], ...]]:
    """Status code, details and trailing metadata of an error."""
    code = next((code for kind, code in _STATUS if isinstance(error, kind)), _Code.INTERNAL)
    details = f"{error.what}: {error.cause}" if error.cause else error.what
    return code, details[:_MOST_DETAILS], ((METADATA_KEY, _document(error)),)


def error_of(failed: Any, *, address: str) -> MesheryError:
    """The error behind a failed call; `failed` is gRPC's own."""
    kind = next((kind for kind, code in _STATUS if code is failed.code()), OperationFailedError)
    for key, value in failed.trailing_metadata() or ():
        if key == METADATA_KEY:
            try:
                return _rebuilt(kind, value)
            except (msgspec.DecodeError, msgspec.ValidationError):
                break  # the status tells what is left
    details = str(failed.details() or "")
    return kind(
        _what(kind, address), cause=details or failed.code().name, remedy=_REMEDIES.get(kind, "")
    )


def garbled(address: str, cause: str) -> MesheryError:
    """The error for an answer that is none."""
    return OperationFailedError(
        f"the adapter at {address} answered what cannot be read",
        cause=cause,
        remedy=f"mesheryctl adapter check {address} tells what is wrong with it",
        code="meshery.adapter.garbled",
    )


def _rebuilt(kind: type[MesheryError], document: bytes) -> MesheryError:
    """The error of a document; its code alone would not tell the kind, since codes may be finer."""
    told = error_from_dict(msgspec.json.decode(document, type=dict[str, Any]))
    return kind(
        told.what,
        cause=told.cause,
        remedy=told.remedy,
        code=told.specific_code,
        problems=told.problems,
    )


def _what(kind: type[MesheryError], address: str) -> str:
    words = {
        UnavailableError: "does not answer",
        NotAuthenticatedError: "wants a token",
        ForbiddenError: "does not allow it",
        UnsupportedError: "cannot do it",
        DeadlineError: "took too long",
        CancelledByUserError: "was told to stop",
    }
    return f"the adapter at {address} {words.get(kind, 'failed')}"


def _document(error: MesheryError) -> bytes:
    document = error.as_dict()
    encoded = msgspec.json.encode(document)
    while len(encoded) > _MOST_METADATA_BYTES and document["problems"]:
        document["problems"] = document["problems"][: len(document["problems"]) // 2]
        encoded = msgspec.json.encode(document)
    if len(encoded) > _MOST_METADATA_BYTES:
        short = {name: str(document[name])[:_MOST_DETAILS] for name in ("what", "cause", "remedy")}
        encoded = msgspec.json.encode(document | short)
    return encoded
