"""What a control plane shall be like, and where its files lie."""

import dataclasses
import ipaddress
from pathlib import Path

SERVICE_RANGE = "127.96.0.0/16"
"""Addresses of services. They are loopback addresses, so a program of this machine (Linux) that
listens at a service's address and port is what the API server and every local client reach."""


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody the API server knows by a token. Without groups they may only look at themselves."""

    name: str
    groups: tuple[str, ...] = ()


ADMIN = User("admin", ("system:masters",))
DEVELOPER = User("developer", ("developers",))
VIEWER = User("viewer", ("viewers",))


@dataclasses.dataclass(frozen=True)
class PlaneOptions:
    """How a control plane is asked for.

    `name` is that of its cluster and of the admin's context; those of others are `NAME-USER`.
    Planes side by side need different `service_range`s. `is_api_only` starts etcd and the API
    server alone: a third of the time, but nothing is ever scheduled, garbage-collected or finally
    deleted with its namespace. `nodes` are played by kwok and ready from the start. `api_port` 0
    takes a free one. `ready_timeout_s` bounds each start of a component.
    """

    name: str = "local"
    service_range: str = SERVICE_RANGE
    nodes: tuple[str, ...] = ("node-0",)
    is_api_only: bool = False
    users: tuple[User, ...] = (ADMIN, DEVELOPER, VIEWER)
    api_port: int = 0
    ready_timeout_s: float = 60.0

    @property
    def service_ip(self) -> str:
        """The address of the service `kubernetes`: the first of the range."""
        return str(ipaddress.ip_network(self.service_range)[1])


@dataclasses.dataclass(frozen=True)
class Ports:
    """Where the servers of a control plane listen, all on 127.0.0.1."""

    api: int
    etcd: int
    etcd_peer: int

    @property
    def api_url(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.api}"

    @property
    def etcd_url(self) -> str:
        """The address of etcd for its clients."""
        return f"http://127.0.0.1:{self.etcd}"

    @property
    def etcd_peer_url(self) -> str:
        """The address of etcd for its peers, of which there are none."""
        return f"http://127.0.0.1:{self.etcd_peer}"


@dataclasses.dataclass(frozen=True)
class Layout:
    """The files of a control plane below `root`."""

    root: Path

    @property
    def certificates(self) -> Path:
        """The directory of keys and certificates."""
        return self.root / "certificates"

    @property
    def authority(self) -> Path:
        """What clients trust."""
        return self.certificates / "ca.crt"

    @property
    def tokens(self) -> Path:
        """The API server's list of users and tokens."""
        return self.root / "tokens.csv"

    @property
    def kubeconfig(self) -> Path:
        """One context for each user; the first one is current."""
        return self.root / "kubeconfig"

    @property
    def etcd_data(self) -> Path:
        """Where etcd keeps everything."""
        return self.root / "etcd"

    def log(self, component: str) -> Path:
        """What a component printed through all its lives."""
        return self.root / "logs" / f"{component}.log"
