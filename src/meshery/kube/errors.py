"""What an API server refuses, or why it does not answer, as errors of the one tree.

    ForbiddenError       403   RBAC says no
    NotAuthenticatedError 401  it does not know us
    NotFoundError        404   no such object or kind
    FieldConflictError   409   server-side apply: other managers own the fields
    ConflictError        409   changed meanwhile, or exists already
    ExpiredError         410   the resource version is too old to continue from
    InvalidInputError    400, 413, 415, 422
    ThrottledError       429   too many requests, with the time to wait
    UnavailableError     5xx, no connection, TLS
    DeadlineError        504, or no answer in time

Bodies are `Status` objects of API group `v1`: kubernetes.io/docs/reference/kubernetes-api/common-definitions/status.
"""  # noqa: E501 - an address

import re
import ssl
from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    MesheryError,
    NotAuthenticatedError,
    NotFoundError,
    Problem,
    UnavailableError,
    UnsupportedError,
)


class FieldConflict(msgspec.Struct, frozen=True):
    """A field that server-side apply may not change: its path, and the manager that owns it."""

    manager: str
    field: str


class FieldConflictError(ConflictError):
    """Other field managers own what was to be applied; `conflicts` says who owns what."""

    def __init__(self, what: str, *, conflicts: tuple[FieldConflict, ...], **rest: Any) -> None:
        super().__init__(what, **rest)
        self.conflicts = conflicts


class ExpiredError(ConflictError):
    """The resource version or continue token is older than what the server remembers."""


class ThrottledError(UnavailableError):
    """Too many requests; `retry_after_s` is when the server wants the next, in seconds."""

    def __init__(self, what: str, *, retry_after_s: float, **rest: Any) -> None:
        super().__init__(what, **rest)
        self.retry_after_s = retry_after_s


class Cause(msgspec.Struct, frozen=True):
    """One reason within a Status."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True):
    """What a Status is about."""

    name: str = ""
    kind: str = ""
    causes: tuple[Cause, ...] = ()
    retryAfterSeconds: int = 0  # noqa: N815 - the API's own spelling


class Status(msgspec.Struct, frozen=True):
    """The body of an answer that is no object."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The single reasons."""
        return self.details.causes if self.details else ()


def status_of(body: bytes) -> Status:
    """The Status in a body; of any other body its first words are the message."""
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Status(message=body[:300].decode("utf-8", "replace").strip())


def refusal(
    code: int, status: Status, *, asked: str, headers: Mapping[str, str] | None = None
) -> MesheryError:
    """The error of an answer with HTTP status `code`; `asked` is `GET /path`, for the message."""
    message = status.message or f"HTTP status {code}"
    if code == 409 and any(cause.reason == "FieldManagerConflict" for cause in status.causes):
        return _field_conflict(status)
    if code == 429 or (code >= 500 and _retry_after(status, headers or {})):
        return ThrottledError(
            f"the API server wants fewer requests ({asked})",
            cause=message,
            remedy="wait, or lower the rate",
            code="meshery.kube.throttled",
            retry_after_s=_retry_after(status, headers or {}) or 1.0,
        )
    if code == 500 and _UNTYPED in message:
        code = 422
    kind, name, remedy = _KINDS.get(code, (UnavailableError, "unavailable", "try again later"))
    return kind(
        message if code in {404, 409, 422} else f"{asked}: {message}",
        cause=f"the API server answered {code} {status.reason}".rstrip(),
        remedy=remedy,
        code=f"meshery.kube.{name}",
        problems=[Problem(cause.field, cause.message) for cause in status.causes],
    )


_UNTYPED = "failed to create typed patch object"
"""How the API server tells of a field that apply does not know: as a fault of its own (500)."""

_KINDS: dict[int, tuple[type[MesheryError], str, str]] = {
    400: (InvalidInputError, "invalid", "correct the request"),
    401: (
        NotAuthenticatedError,
        "unauthorised",
        "log in again, or connect the cluster with a fresh token",
    ),
    403: (
        ForbiddenError,
        "forbidden",
        "bind a role that allows it; `kubectl auth can-i` shows what this identity may do",
    ),
    404: (NotFoundError, "not_found", "check the name, the namespace and the kind"),
    405: (UnsupportedError, "verb", "this kind does not allow it"),
    409: (ConflictError, "conflict", "read it again and repeat the change"),
    410: (ExpiredError, "expired", "list again"),
    413: (InvalidInputError, "too_large", "make the object smaller"),
    415: (InvalidInputError, "media_type", "send JSON"),
    422: (InvalidInputError, "invalid", "correct the fields named"),
    501: (UnsupportedError, "unsupported", "this API server cannot do it"),
    504: (DeadlineError, "deadline", "try again, or allow more time"),
}

_MANAGER = re.compile(r'conflict with "(?P<manager>(?:[^"\\]|\\.)*)"')


def _field_conflict(status: Status) -> FieldConflictError:
    conflicts = tuple(
        FieldConflict(_manager(cause.message), cause.field.removeprefix("."))
        for cause in status.causes
        if cause.reason == "FieldManagerConflict"
    )
    return FieldConflictError(
        f"{len(conflicts)} field{'s are' if len(conflicts) > 1 else ' is'} managed by others",
        cause="; ".join(f"{found.field} by {found.manager}" for found in conflicts),
        remedy="leave those fields out, or force the change and take them over",
        code="meshery.kube.field_conflict",
        conflicts=conflicts,
        problems=[Problem(found.field, f"managed by {found.manager}") for found in conflicts],
    )


def _manager(message: str) -> str:
    found = _MANAGER.search(message)
    return found["manager"].replace('\\"', '"') if found else message


def _retry_after(status: Status, headers: Mapping[str, str]) -> float:
    given = headers.get("Retry-After", "")
    if given.isascii() and given.isdecimal():
        return float(given[:9])
    return float(status.details.retryAfterSeconds) if status.details else 0.0


# OpenSSL's X509_V_ERR_* numbers, from x509_vfy.h.
_UNKNOWN = ("comes from an unknown authority", "give the cluster's certificate authority")
_CERTIFICATE = {
    7: _UNKNOWN,  # an authority of the same name signed it
    9: ("is not yet valid", "check both clocks"),
    10: ("has expired", "renew the API server's certificate (`kubeadm certs renew all`)"),
    18: ("is signed by itself", "give its certificate authority in the kubeconfig"),
    19: _UNKNOWN,
    20: _UNKNOWN,
    21: _UNKNOWN,
    62: ("is for another name", "set tls-server-name to a name it holds"),
    64: ("is for another address", "set tls-server-name to a name it holds"),
}


def certificate_refused(server: str, error: ssl.SSLCertVerificationError) -> UnavailableError:
    """The error of a server whose certificate we do not accept."""
    said, remedy = _CERTIFICATE.get(
        error.verify_code, ("cannot be verified", "check the certificate authority")
    )
    return UnavailableError(
        f"the certificate of {server} {said}",
        cause=error.verify_message,
        remedy=remedy,
        code="meshery.kube.certificate",
    )


def unreachable(server: str, error: BaseException) -> UnavailableError:
    """The error of a server that does not answer at all."""
    return UnavailableError(
        f"the API server {server} does not answer",
        cause=str(error) or type(error).__name__,
        remedy="check the address, the network between, and that the cluster runs",
        code="meshery.kube.unreachable",
    )
