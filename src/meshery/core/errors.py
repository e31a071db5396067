"""One tree of errors, rendered alike in REST, GraphQL, the command line and the pages.

    MesheryError
      InvalidInputError       what a person or program sent cannot be used   400, exit 2
      NotAuthenticatedError   no valid token or cookie                       401, exit 1
      ForbiddenError          known, but not allowed                         403, exit 1
      NotFoundError           nothing by that name                           404, exit 1
      ConflictError           somebody else's change or claim is in the way  409, exit 1
      PreconditionError       the document changed since it was read         412, exit 1
      LimitError              a hard cap of the settings would be passed     422, exit 2
      UnavailableError        a part that is needed does not answer          503, exit 3
      UnsupportedError        this machine, mesh or install cannot do it     501, exit 1
      OperationFailedError    long work ended in failure                     500, exit 1
      DeadlineError           time ran out                                   504, exit 5
      CancelledByUserError    a person cancelled                             409, exit 130

Every error says what happened, why (as far as known) and how to mend it. The shape outside follows
RFC 9457.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

Severity = Literal["debug", "info", "warning", "error"]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault within an input: where it stands, what is wrong, and a hint how to mend it.

    `path` is a dotted path into the document or the name of a flag; `line` counts from 1, 0 where
    there is none.
    """

    path: str
    message: str
    line: int = 0
    hint: str = ""


class MesheryError(Exception):
    """The root.

    `what` happened, its probable `cause`, and the `remedy`: the next step for the reader.
    """

    code: ClassVar[str] = "meshery.internal"
    title: ClassVar[str] = "Something failed inside Meshery"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        cause: str = "",
        remedy: str = "",
        code: str = "",
        severity: Severity = "error",
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.remedy = remedy
        self.severity: Severity = severity
        self.problems = tuple(problems)
        self.specific_code = code or self.code

    def as_dict(self) -> dict[str, Any]:
        """The plain form that events, operations and problem documents carry."""
        return {
            "code": self.specific_code,
            "severity": self.severity,
            "what": self.what,
            "cause": self.cause,
            "remedy": self.remedy,
            "problems": [msgspec.to_builtins(problem) for problem in self.problems],
        }


class InvalidInputError(MesheryError):
    """What was sent cannot be used; `problems` lists all faults at once."""

    code = "meshery.invalid_input"
    title = "The input cannot be used"
    http_status = 400
    exit_code = 2


class NotAuthenticatedError(MesheryError):
    """No valid token, cookie or login came with the request."""

    code = "meshery.not_authenticated"
    title = "Not logged in"
    http_status = 401


class ForbiddenError(MesheryError):
    """The caller is known but may not do this, or the request came from a foreign origin."""

    code = "meshery.forbidden"
    title = "Not allowed"
    http_status = 403


class NotFoundError(MesheryError):
    """Nothing exists by that name or id."""

    code = "meshery.not_found"
    title = "Not found"
    http_status = 404


class ConflictError(MesheryError):
    """Another change, claim or owner is in the way."""

    code = "meshery.conflict"
    title = "In conflict with another change"
    http_status = 409


class PreconditionError(MesheryError):
    """The stored document changed since the caller read it (`If-Match`)."""

    code = "meshery.precondition"
    title = "The document changed meanwhile"
    http_status = 412


class LimitError(MesheryError):
    """A hard cap of the settings would be passed."""

    code = "meshery.limit"
    title = "Over a limit"
    http_status = 422
    exit_code = 2


class UnavailableError(MesheryError):
    """A part that is needed (server, bus, database, supervisor) does not answer."""

    code = "meshery.unavailable"
    title = "Not reachable"
    http_status = 503
    exit_code = 3


class UnsupportedError(MesheryError):
    """This machine, mesh or installation cannot do it; the remedy names what can."""

    code = "meshery.unsupported"
    title = "Not possible here"
    http_status = 501


class OperationFailedError(MesheryError):
    """Long work ended in failure."""

    code = "meshery.operation_failed"
    title = "The operation failed"
    http_status = 500


class DeadlineError(MesheryError):
    """Time ran out."""

    code = "meshery.deadline"
    title = "Out of time"
    http_status = 504
    exit_code = 5


class CancelledByUserError(MesheryError):
    """A person cancelled."""

    code = "meshery.cancelled"
    title = "Cancelled"
    http_status = 409
    exit_code = 130


def error_from_dict(document: Mapping[str, Any]) -> MesheryError:
    """Rebuild an error that came over the wire (`as_dict` or a problem document), by its code.

    Unknown codes give the root.
    """
    what = str(
        document.get("what") or document.get("detail") or document.get("title") or "unknown error"
    )
    code = str(document.get("code", ""))
    raw_problems = document.get("problems") or document.get("errors") or []
    kind = next((sub for sub in MesheryError.__subclasses__() if sub.code == code), MesheryError)
    return kind(
        what,
        cause=str(document.get("cause", "")),
        remedy=str(document.get("remedy", "")),
        code=code,
        problems=[msgspec.convert(problem, Problem, strict=False) for problem in raw_problems],
    )
