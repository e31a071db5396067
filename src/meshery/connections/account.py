"""A ServiceAccount for Meshery in place of a login that only a program on this machine can do.

Clouds write kubeconfigs that run their own program for each token. The server has no such program,
and should not have that person's login either; so the account is made with it, here, by kubectl.
kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin
"""

import base64
import binascii
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from meshery.core.errors import (
    DeadlineError,
    OperationFailedError,
    UnsupportedError,
)
from meshery.kube.access import Access, Credentials

NAMESPACE = "kube-system"
NAME = "meshery"
SECRET = "meshery-token"  # noqa: S105 - its name
ROLE = "cluster-admin"
TOKEN_S = 30.0
"""How long the cluster may take to make the token."""
_KUBECTL_S = 60.0
_LOOK_S = 0.5


def with_account(
    access: Access,
    *,
    kubeconfig: Path,
    role: str = ROLE,
    environment: Mapping[str, str] = os.environ,
) -> Access:
    """The same cluster, logged in to as ServiceAccount `kube-system/meshery` with a ClusterRole.

    What is there already stays. UnsupportedError without kubectl, OperationFailedError when the
    cluster refuses, DeadlineError when it makes no token.
    """
    kubectl = _Kubectl(access, kubeconfig, environment)
    kubectl.run("apply", "-f", "-", stdin=msgspec.json.encode(_objects(role)))
    token = _token(kubectl)
    return msgspec.structs.replace(access, credentials=Credentials(token=token))


class _Kubectl:
    def __init__(self, access: Access, kubeconfig: Path, environment: Mapping[str, str]) -> None:
        found = shutil.which("kubectl", path=environment.get("PATH"))
        if found is None:
            raise UnsupportedError(
                "kubectl is not on PATH",
                cause=f"it is needed to make a ServiceAccount in {access.name}",
                remedy="install it; or list the login's program in kubernetes.exec_commands",
                code="meshery.kubectl.missing",
            )
        self._start = [found, "--kubeconfig", str(kubeconfig), "--context", access.name]
        self._environment = environment

    def run(self, *words: str, stdin: bytes = b"") -> bytes:
        done = self._done(words, stdin)
        if done.returncode:
            raise OperationFailedError(
                f"`kubectl {' '.join(words)}` failed",
                cause=done.stderr.decode(errors="replace").strip()[-1000:],
                remedy="the login needs to be one of an administrator of the cluster",
                code="meshery.kubectl.failed",
            )
        return done.stdout

    def _done(self, words: Sequence[str], stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
        try:
            return subprocess.run(  # noqa: S603 - the person's own kubectl, and no shell
                [*self._start, *words],
                capture_output=True,
                check=False,
                env=dict(self._environment),
                input=stdin,
                timeout=_KUBECTL_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OperationFailedError("kubectl cannot be run", cause=str(error)) from error


def _token(kubectl: _Kubectl) -> str:
    deadline = time.monotonic() + TOKEN_S
    while time.monotonic() < deadline:
        printed = kubectl.run("get", "secret", SECRET, "-n", NAMESPACE, "-o", "json")
        token = _read(printed)
        if token:
            return token
        time.sleep(_LOOK_S)
    raise DeadlineError(
        f"the cluster made no token for ServiceAccount {NAMESPACE}/{NAME}",
        cause=f"Secret {NAMESPACE}/{SECRET} is still empty after {TOKEN_S:g} s",
        remedy="make one: kubectl create token meshery -n kube-system, and connect with it",
        code="meshery.account.token",
    )


def _read(printed: bytes) -> str:
    try:
        data: dict[str, str] = msgspec.json.decode(printed).get("data") or {}
        return base64.b64decode(data.get("token", ""), validate=True).decode("ascii")
    except (msgspec.MsgspecError, AttributeError, binascii.Error, UnicodeDecodeError) as error:
        raise OperationFailedError(
            f"Secret {NAMESPACE}/{SECRET} cannot be read", cause=str(error)
        ) from error


def _objects(role: str) -> dict[str, Any]:
    def named(api: str, kind: str, name: str, *, spaced: bool, **more: Any) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": name, "labels": _LABELS, **more.pop("metadata", {})}
        if spaced:
            metadata["namespace"] = NAMESPACE
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}

    rbac = "rbac.authorization.k8s.io"
    token = {"annotations": {"kubernetes.io/service-account.name": NAME}}
    items = [
        named("v1", "ServiceAccount", NAME, spaced=True),
        named(
            "v1",
            "Secret",
            SECRET,
            spaced=True,
            metadata=token,
            type="kubernetes.io/service-account-token",
        ),
        named(
            f"{rbac}/v1",
            "ClusterRoleBinding",
            f"{NAME}-{role}",
            spaced=False,
            roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        ),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


_LABELS = {"app.kubernetes.io/managed-by": "mesheryctl"}
