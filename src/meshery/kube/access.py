"""`Access`: all that is needed to speak to one API server: where it is, whom to trust, who we are.

It is what a context of a kubeconfig becomes: flat, whole, and free of references to other entries.
Encode it with msgspec to keep it (encrypted: it holds secrets); its repr shows none of them.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from meshery.core.endpoints import host_port
from meshery.core.errors import InvalidInputError, UnavailableError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its ServiceAccount's token, CA and namespace."""


class ExecPlugin(msgspec.Struct, frozen=True):
    """A program that prints an ExecCredential (`client.authentication.k8s.io`)."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""
    provide_cluster: bool = False

    def __repr__(self) -> str:
        return f"ExecPlugin({self.command!r})"


class Oidc(msgspec.Struct, frozen=True):
    """The `oidc` auth-provider: an id token, and what is needed to renew it.

    `registered` holds the `host:port` pairs that may be asked although they are private.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    id_token: str = ""
    refresh_token: str = ""
    ca: str = ""
    registered: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Oidc({self.issuer!r})"


class Credentials(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who we are. Certificates and keys are PEM text; empty is absent.

    `token_file` wins over `token` and is read again each minute, as kubectl does it.
    """

    certificate: str = ""
    key: str = ""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    exec: ExecPlugin | None = None
    oidc: Oidc | None = None
    act_as: str = ""
    act_as_groups: tuple[str, ...] = ()
    act_as_uid: str = ""
    act_as_extra: Mapping[str, tuple[str, ...]] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which ways of authentication are present, in words."""
        present = {
            "client certificate": self.certificate,
            "token": self.token or self.token_file,
            "basic": self.username,
            "exec plug-in": self.exec,
            "OIDC": self.oidc,
        }
        return tuple(name for name, value in present.items() if value)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.kinds) or 'none'})"


class Access(msgspec.Struct, frozen=True, omit_defaults=True):
    """One API server and one identity on it. `ca` is PEM text; empty means the system's own.

    `insecure` leaves the server's certificate unchecked. `namespace` is the one to use where none
    is named.
    """

    name: str
    server: str
    credentials: Credentials = Credentials()
    namespace: str = "default"
    ca: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    cluster: str = ""
    user: str = ""


def in_cluster(environment: Mapping[str, str], *, account: Path = ACCOUNT) -> Access:
    """The access of the pod this process runs in, from its ServiceAccount.

    UnavailableError when this is no pod. The token is read from its file again and again, since
    the kubelet renews it.
    """
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    port = environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise UnavailableError(
            "this process does not run in a Kubernetes pod",
            cause="KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set",
            remedy="name a kubeconfig",
            code="meshery.kube.in_cluster",
        )
    try:
        ca = (account / "ca.crt").read_text()
        (account / "token").read_text()
    except OSError as error:
        raise UnavailableError(
            "this pod has no ServiceAccount token",
            cause=f"{error.filename}: {error.strerror}",
            remedy="set automountServiceAccountToken to true, or name a kubeconfig",
            code="meshery.kube.in_cluster",
        ) from error
    namespace = account / "namespace"
    return Access(
        name="in-cluster",
        server=f"https://{host_port(host, port)}",
        credentials=Credentials(token_file=str(account / "token")),
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        ca=ca,
    )


def decode_access(raw: bytes) -> Access:
    """The Access that `msgspec.json.encode` wrote; InvalidInputError when it is none."""
    try:
        return msgspec.json.decode(raw, type=Access)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInputError("the stored access is unreadable", cause=str(error)) from error
