"""Parameters of trust: mtls and access."""

import ipaddress
from collections.abc import Iterator
from typing import Literal

import msgspec

from meshery.behaviours.match import Method
from meshery.behaviours.shape import Fault, Params, Port, at_least_one


class Mtls(Params, frozen=True):
    """Whether the target demands mutual TLS (strict), takes both (permissive), or does without."""

    mode: Literal["strict", "permissive", "off"]
    scope: Literal["mesh", "namespace", "workload", "port"] = "workload"


class Caller(Params, frozen=True):
    """Who calls: an identity (SPIFFE id, a service's name, `*`), a namespace, or addresses."""

    identity: str | None = None
    namespace: str | None = None
    cidr: str | None = None

    def faults(self) -> Iterator[Fault]:
        """Nothing given, or no network."""
        yield from at_least_one(self, "identity", "namespace", "cidr")
        yield from cidr_faults("cidr", self.cidr)


class Operation(Params, frozen=True):
    """Which requests: any of the methods, of the paths (`/x`, `/x*`, `*x`), of the ports."""

    methods: tuple[Method, ...] = ()
    paths: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Nothing given, or a path that can never match."""
        yield from at_least_one(self, "methods", "paths", "ports")
        for position, path in enumerate(self.paths):
            if not path.startswith(("/", "*")):
                yield Fault(f"paths[{position}]", "must begin with / or *", f"write /{path}")
            elif "*" in path[1:-1]:
                yield Fault(f"paths[{position}]", "has a * inside", "* stands first or last")


class Access(Params, frozen=True):
    """Which callers may (allow) or may not (deny) send which requests; audit only counts.

    A deny wins over every allow. Once a target has an allow, what no allow takes is refused.
    """

    action: Literal["allow", "deny", "audit"]
    from_: tuple[Caller, ...] = ()
    to: tuple[Operation, ...] = ()
    claims: dict[str, str] = msgspec.field(default_factory=dict)


def cidr_faults(field: str, cidr: str | None) -> Iterator[Fault]:
    """A fault when the text is no network such as 10.0.0.0/8."""
    if cidr is None:
        return
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        yield Fault(field, f"is no network: {error}", "write 10.0.0.0/8")
