"""Errors as `application/problem+json` (RFC 9457), one shape for every failure of the server.

Members of the RFC: `type, title, status, detail, instance`. Ours: `code, severity, cause, remedy`
and `errors[{path, line, message, hint}]`, the faults of an input, all at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError, Problem

MEDIA_TYPE = "application/problem+json"
REQUEST_ID_KEY = "meshery.request_id"
"""Where in a request's scope its id stands."""

_HTTP_TITLES = {404: NotFoundError.title, 405: "This path does not know that method"}
_HTTP_CODES = {404: NotFoundError.code, 405: "meshery.method"}


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=False):
    """The document of RFC 9457 with our members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    severity: str
    cause: str
    remedy: str
    errors: tuple[Problem, ...] = ()


def problem_document(error: MesheryError, *, instance: str, status: int = 0) -> ProblemDocument:
    """The document of an error; `instance` is the path that failed."""
    return ProblemDocument(
        type=f"urn:meshery:error:{error.specific_code.removeprefix('meshery.')}",
        title=error.title,
        status=status or error.http_status,
        detail=error.what,
        instance=instance,
        code=error.specific_code,
        severity=error.severity,
        cause=error.cause,
        remedy=error.remedy,
        errors=error.problems,
    )


def problem_response(
    error: MesheryError,
    *,
    instance: str,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error as a response; `status` overrides the error's own (413, 405)."""
    document = problem_document(error, instance=instance, status=status)
    return Response(msgspec.json.encode(document), document.status, dict(headers or {}), MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer our errors, FastAPI's validation errors and Starlette's HTTP errors as problems."""
    app.add_exception_handler(MesheryError, _on_meshery_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected)


def unexpected_problem(*, instance: str, request_id: str) -> Response:
    """The answer to a fault of ours: no detail of it, but the id under which it was logged."""
    error = MesheryError(
        "Meshery failed while it answered this request",
        cause="an unexpected error; the server's log has it",
        remedy=f"look for request_id {request_id} in `mesheryctl system logs`",
    )
    return problem_response(error, instance=instance)


async def _on_unexpected(request: Request, _error: Exception) -> Response:
    """The error goes on to the layer that logs it; the caller learns the id only."""
    request_id = str(request.scope.get(REQUEST_ID_KEY, "unknown"))
    return unexpected_problem(instance=request.url.path, request_id=request_id)


async def _on_meshery_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, MesheryError):
        raise error
    return problem_response(error, instance=request.url.path)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = _problems(error.errors())
    refused = InvalidInputError(
        "the request cannot be used",
        cause="; ".join(f"{item.path}: {item.message}" for item in problems),
        remedy="correct the fields named in errors; /docs describes every route",
        problems=problems,
    )
    return problem_response(refused, instance=request.url.path)


def _problems(faults: Sequence[Mapping[str, Any]]) -> list[Problem]:
    return [
        Problem(
            path=".".join(str(part) for part in fault.get("loc", ()) if part != "body") or "body",
            message=str(fault.get("msg", "invalid")),
        )
        for fault in faults
    ]


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    wrapped = MesheryError(
        _what(status, request, str(error.detail)),
        remedy="/openapi.json lists every path and its methods",
        code=_HTTP_CODES.get(status, f"meshery.http_{status}"),
    )
    document = problem_document(wrapped, instance=request.url.path, status=status)
    titled = msgspec.structs.replace(document, title=_HTTP_TITLES.get(status, str(error.detail)))
    return _encoded(titled, error.headers)


def _encoded(document: ProblemDocument, headers: Mapping[str, str] | None) -> Response:
    body = msgspec.json.encode(document)
    return Response(body, document.status, dict(headers or {}), MEDIA_TYPE)


def _what(status: int, request: Request, detail: str) -> str:
    if status == 404:
        return f"there is nothing at {request.url.path}"
    if status == 405:
        return f"{request.url.path} does not know the method {request.method}"
    return detail
