"""Errors of GraphQL: ours are told whole in `extensions`, those of the query by a code.

What broke inside is not told: the answer carries an id under which it was logged. No query and no
variable is ever logged, since a kubeconfig may stand in it.
"""

from typing import Any
from uuid import uuid4

import msgspec
from graphql import GraphQLError

from meshery.core.errors import InvalidInputError, MesheryError
from meshery.core.telemetry import get_logger
from meshery.web.problem import problem_document

PATH = "/api/graphql"
INVALID = "meshery.graphql.invalid"
"""The code of a query that does not fit the schema, or is none."""

_log = get_logger("server.graphql")


def render(error: GraphQLError) -> None:
    """Make an error fit to be told."""
    original = _original(error)
    if original is None:
        refused = InvalidInputError(
            error.message,
            remedy="the schema is in docs/reference/schema.graphql, and in introspection",
            code=INVALID,
        )
        error.extensions = {**members(refused), **(error.extensions or {})}
    elif isinstance(original, MesheryError):
        error.message = original.what
        error.extensions = members(original)
    else:
        broke_id = uuid4().hex
        told = MesheryError(
            "Meshery failed while it answered this field",
            cause="an unexpected error; the server's log has it",
            remedy=f"look for {broke_id} in `mesheryctl system logs`",
        )
        _log.error("graphql.broke", id=broke_id, path=str(error.path), exc_info=original)
        error.message = told.what
        error.extensions = members(told)


def members(error: MesheryError) -> dict[str, Any]:
    """The members of a problem document (RFC 9457, and ours), and `seq` of a dropped reader."""
    document: dict[str, Any] = msgspec.to_builtins(problem_document(error, instance=PATH))
    seq = getattr(error, "seq", None)
    return document if seq is None else {**document, "seq": seq}


def _original(error: GraphQLError) -> Exception | None:
    """What a resolver raised; None for an error of the query itself."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    return original
