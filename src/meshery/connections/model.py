"""Nouns of connections: what is known of a connected cluster, and what became of a context.

None of them holds a secret: how to log in is said by its kind alone.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from meshery.core.errors import MesheryError, NotAuthenticatedError, Severity


class ConnectionState(StrEnum):
    """How a cluster answered when it was last asked."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"
    UNKNOWN = "unknown"


SEVERITIES: dict[ConnectionState, Severity] = {
    ConnectionState.REACHABLE: "info",
    ConnectionState.UNREACHABLE: "warning",
    ConnectionState.UNAUTHORISED: "warning",
    ConnectionState.UNKNOWN: "warning",
}
"""How grave it is to come into a state."""

Login = Literal["certificate", "token", "exec", "oidc", "basic", "in-cluster", "none"]
"""How a connection says who it is."""


class Connection(msgspec.Struct, frozen=True):
    """One context of one cluster. `name` is the context's.

    `cluster_id` is the UID of the namespace `kube-system`, empty while it is not known. `reason`
    says in words why the state is what it is, `remedy` the next step; both empty when all is well.
    `operator` is the namespace of the operator that was deployed there, empty without one.
    """

    id: str
    name: str
    kind: str
    server: str
    namespace: str
    cluster_id: str
    version: str
    login: Login
    state: ConnectionState
    reason: str
    remedy: str
    checked_at: datetime | None
    created_at: datetime
    operator: str = ""


class Finding(msgspec.Struct, frozen=True):
    """What one look at a cluster showed."""

    state: ConnectionState
    cluster_id: str = ""
    version: str = ""
    reason: str = ""
    remedy: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one context.

    `connected` answers; `unreachable` is kept although it does not answer, or not to this login
    (its connection's state and reason tell); `refused` is not kept, and `error` says why, in the
    form of `MesheryError.as_dict`. `updated`: the connection was there before.
    """

    context: str
    outcome: Literal["connected", "unreachable", "refused"]
    connection: Connection | None = None
    updated: bool = False
    error: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """One sentence for people."""
        if self.connection is None:
            return str((self.error or {}).get("what", "it was refused"))
        shown = self.connection
        if self.outcome == "unreachable":
            return f"kept until it answers: {shown.reason}"
        known = "connected before, its login was renewed" if self.updated else "connected"
        return f"{known}; {shown.reason}" if shown.reason else known


class Preview(msgspec.Struct, frozen=True):
    """What connecting a context would do, without asking its cluster."""

    context: str
    server: str = ""
    namespace: str = ""
    login: Login = "none"
    current: bool = False
    error: dict[str, Any] | None = None


def finding_of(error: MesheryError) -> Finding:
    """What an error of a look at a cluster means."""
    denied = isinstance(error, NotAuthenticatedError)
    return Finding(
        state=ConnectionState.UNAUTHORISED if denied else ConnectionState.UNREACHABLE,
        reason=f"{error.what}: {error.cause}" if error.cause else error.what,
        remedy=error.remedy,
    )
