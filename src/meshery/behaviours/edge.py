"""Parameters of the mesh's edge: egress and ingress."""

import re
from collections.abc import Iterator

from meshery.behaviours.security import cidr_faults
from meshery.behaviours.shape import Fault, Params, Port, at_least_one

_HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


class Egress(Params, frozen=True):
    """Which hosts outside the mesh may be called; `defaultDeny: false` opens all the others too."""

    hosts: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    via_gateway: bool = False
    default_deny: bool = True

    def faults(self) -> Iterator[Fault]:
        """Nothing opened, no host names, no networks."""
        if self.default_deny:
            yield from at_least_one(self, "hosts", "cidrs")
        yield from host_faults(self.hosts)
        for position, cidr in enumerate(self.cidrs):
            yield from cidr_faults(f"cidrs[{position}]", cidr)


class IngressRoute(Params, frozen=True):
    """Requests from outside below `path` go to `service` (the target when none)."""

    path: str = "/"
    service: str | None = None
    subset: str | None = None

    def faults(self) -> Iterator[Fault]:
        """No leading slash."""
        if not self.path.startswith("/"):
            yield Fault("path", "must begin with /", f"write /{self.path}")


class Ingress(Params, frozen=True):
    """What the gateway lets in: requests for `hosts` (all when none), over TLS only with `tls`."""

    hosts: tuple[str, ...] = ()
    tls: bool = False
    gateway_class: str | None = None
    routes: tuple[IngressRoute, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """No host names."""
        yield from host_faults(self.hosts)


def host_faults(hosts: tuple[str, ...]) -> Iterator[Fault]:
    """A fault for each text that is no host name, with its port or scheme perhaps."""
    for position, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            hint = "a name such as example.com or *.example.com, without scheme, port or path"
            yield Fault(f"hosts[{position}]", f"{host!r} is no host", hint)
