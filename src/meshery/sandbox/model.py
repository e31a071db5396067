"""The nouns of a running sandbox: the world that is rendered to Envoy's configuration.

A `World` is complete: everything a sidecar needs follows from it, certificates excepted. Undo is a
world without the behaviour, rendered anew.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from meshery.behaviours.model import Behaviour
from meshery.core.errors import NotFoundError

MtlsMode = Literal["strict", "permissive", "off"]
Role = Literal["app", "gateway", "client"]


class VersionDef(msgspec.Struct, frozen=True):
    """A version of a service. `error_rate` is the percentage of its answers that are errors."""

    name: str = "v1"
    replicas: int = 1
    latency_ms: float = 0.0
    error_rate: float = 0.0


class ServiceDef(msgspec.Struct, frozen=True):
    """A service and whom it calls.

    `visible_to` names the services whose sidecars know it; empty is everybody. `port` is the port
    callers may write behind its name.
    """

    name: str
    account: str
    versions: tuple[VersionDef, ...] = (VersionDef(),)
    calls: tuple[str, ...] = ()
    protocol: Literal["http"] = "http"
    port: int = 80
    visible_to: tuple[str, ...] = ()


class Instance(msgspec.Struct, frozen=True):
    """One sidecar, and the application behind it if it has one of its own.

    app       serves `inbound_port` (TLS and raw) for the application at `app_host`:`app_port`
    gateway   serves `inbound_port` for the outside, without an application
    client    has no inbound side: only `outbound_port`, for measuring and for requests

    `has_app` says whether this sandbox starts the application, or only a sidecar in front of
    somebody else's. `directory` holds the sidecar's files (mode 0700, an absolute path).
    `echo_ports` are those of the application beside its own, by protocol: `grpc`, `tcp`, `udp`.
    """

    name: str
    service: str
    version: str
    account: str
    directory: str
    admin_socket: str
    inbound_port: int = 0
    outbound_port: int = 0
    app_port: int = 0
    host: str = "127.0.0.1"
    app_host: str = "127.0.0.1"
    has_app: bool = True
    role: Role = "app"
    echo_ports: Mapping[str, int] = {}


class GatewayRoute(msgspec.Struct, frozen=True):
    """What the gateway lets in: requests for `hosts` (all when empty) below `path`."""

    service: str
    hosts: tuple[str, ...] = ()
    path: str = "/"


class World(msgspec.Struct, frozen=True):
    """A whole sandbox at one moment.

    Behaviours that set the same thing: a later one in `behaviours` wins over an earlier one.
    `external_hosts` may be called without an egress behaviour.
    """

    name: str
    services: tuple[ServiceDef, ...]
    instances: tuple[Instance, ...]
    namespace: str = ""
    trust_domain: str = "sandbox.local"
    behaviours: tuple[Behaviour, ...] = ()
    gateway_routes: tuple[GatewayRoute, ...] = ()
    external_hosts: tuple[str, ...] = ()
    mtls: MtlsMode = "strict"

    @property
    def space(self) -> str:
        """The namespace; a sandbox's own name when none is given."""
        return self.namespace or self.name

    def service(self, name: str) -> ServiceDef:
        """One service. NotFoundError when there is none by that name."""
        for service in self.services:
            if service.name == name:
                return service
        raise NotFoundError(
            f"sandbox {self.name} has no service {name}",
            remedy="it has " + ", ".join(service.name for service in self.services),
        )

    def instance(self, name: str) -> Instance:
        """One instance. NotFoundError when there is none by that name."""
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise NotFoundError(f"sandbox {self.name} has no instance {name}")

    def instances_of(self, service: str, version: str | None = None) -> tuple[Instance, ...]:
        """The instances of a service, or of one version of it, in the order of the world."""
        return tuple(
            instance
            for instance in self.instances
            if instance.service == service and version in (None, instance.version)
        )

    def identity(self, account: str) -> str:
        """The SPIFFE id of an account."""
        return f"spiffe://{self.trust_domain}/ns/{self.space}/sa/{account}"
