"""One look at a cluster: whether it answers, whether it knows us, and which one it is.

Its identity is the UID of the namespace `kube-system`, which every cluster has from its first
moment and never loses.
"""

import asyncio

import msgspec

from meshery.connections.model import ConnectionState, Finding, Login, finding_of
from meshery.core.errors import (
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    MesheryError,
    NotFoundError,
)
from meshery.kube.access import ACCOUNT, Access
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.execplugin import TIME_S as PLUGIN_S
from meshery.kube.item import Metadata
from meshery.kube.limiter import Limits

LOOK_S = 10.0
"""How long a cluster may take to answer, in seconds; a program that logs in comes on top."""
_LIMITS = Limits(qps=0, timeout_s=6.0, connect_s=4.0, attempts=1)
_CERTIFICATE = "meshery.kube.certificate"
_SYSTEM = "/api/v1/namespaces/kube-system"


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str


class _Namespace(msgspec.Struct, frozen=True):
    metadata: Metadata


async def look(access: Access, *, expected: str = "") -> Finding:
    """Ask the cluster of `access`. `expected` is the cluster id that is known, if any.

    InvalidInputError when the access itself cannot be used: its certificates are no certificates.
    """
    wait_s = LOOK_S + (PLUGIN_S if access.credentials.exec else 0.0)
    try:
        async with asyncio.timeout(wait_s), KubeClient(access, limits=_LIMITS) as client:
            found = await _ask(client)
    except TimeoutError:
        late = DeadlineError(
            f"{access.server} did not answer within {wait_s:g} s",
            remedy="check the address, the network between, and that the cluster runs",
        )
        return finding_of(late)
    except MesheryError as error:
        if isinstance(error, InvalidInputError) and error.specific_code == _CERTIFICATE:
            raise
        return finding_of(error)
    if expected and found.cluster_id and found.cluster_id != expected:
        return _another(access)
    return found


async def _ask(client: KubeClient) -> Finding:
    version = await _version(client)
    try:
        answer = await client.get(_SYSTEM)
    except ForbiddenError as error:
        if not client.access.credentials.kinds:
            return Finding(
                state=ConnectionState.UNAUTHORISED,
                version=version,
                reason="the context has no credentials, and the cluster wants some",
                remedy="use the token of a ServiceAccount (`kubectl create token NAME`)",
            )
        return _nameless(version, error.what, "allow this identity to get that namespace")
    except NotFoundError as error:
        return _nameless(version, error.what, "nothing else names a cluster for ever")
    read = decoded(answer.body, _Namespace, asked=f"GET {_SYSTEM}")
    return Finding(ConnectionState.REACHABLE, read.metadata.uid, version)


async def _version(client: KubeClient) -> str:
    try:
        answer = await client.get("/version")
    except ForbiddenError:  # some clusters keep it from others; what they are is asked next
        return ""
    return decoded(answer.body, _Version, asked="GET /version").git_version[:64]


def _nameless(version: str, what: str, remedy: str) -> Finding:
    return Finding(
        state=ConnectionState.REACHABLE,
        version=version,
        reason=f"which cluster it is cannot be told without the namespace kube-system: {what}",
        remedy=remedy,
    )


def _another(access: Access) -> Finding:
    return Finding(
        state=ConnectionState.UNREACHABLE,
        reason=f"another cluster answers at {access.server} now",
        remedy="connect the new one, and disconnect this one if its cluster is gone",
    )


def login_of(access: Access) -> Login:
    """How an access says who it is."""
    found = access.credentials
    ways: tuple[tuple[object, Login], ...] = (
        (found.exec, "exec"),
        (found.oidc, "oidc"),
        (found.token_file == str(ACCOUNT / "token"), "in-cluster"),
        (found.token or found.token_file, "token"),
        (found.username, "basic"),
        (found.certificate, "certificate"),
    )
    return next((name for present, name in ways if present), "none")
