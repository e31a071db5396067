"""SMI's kinds with their schemas, in the versions that a mesh serves.

Written from the specification v0.6.0 and the custom resources of smi-sdk-go (read 2026-11-21).
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.schema import (
    NAME,
    TEXT,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    whole,
)
from meshery.meshes.smi.dialect import Dialect

_METHODS = (
    "*",
    "GET",
    "HEAD",
    "PUT",
    "POST",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
)
_GROUP = fields(["kind", "name"], apiGroup=TEXT, kind=one_of("HTTPRouteGroup"), name=NAME)


def smi_kinds(dialect: Dialect) -> tuple[NativeKind, ...]:
    """The four kinds of a dialect."""
    return (
        NativeKind(
            api_version=f"split.smi-spec.io/{dialect.split}",
            kind="TrafficSplit",
            summary="Shares of a service's requests go to other services",
            schema=resource(_split(dialect)),
        ),
        NativeKind(
            api_version=f"specs.smi-spec.io/{dialect.specs}",
            kind="HTTPRouteGroup",
            summary="Requests by path, method and headers, for TrafficSplit and TrafficTarget",
            schema=resource(fields(["matches"], matches=listing(_match(), least=1))),
        ),
        NativeKind(
            api_version=f"specs.smi-spec.io/{dialect.specs}",
            kind="TCPRoute",
            summary="Connections by port, for TrafficTarget",
            schema=resource(_tcp_route(dialect)),
        ),
        NativeKind(
            api_version=f"access.smi-spec.io/{dialect.access}",
            kind="TrafficTarget",
            summary="Which accounts may reach an account, and by which routes",
            schema=resource(_target(dialect)),
        ),
    )


def _split(dialect: Dialect) -> Schema:
    backend = fields(["service", "weight"], service=NAME, weight=whole())
    matches = {} if dialect.split < "v1alpha3" else {"matches": listing(_GROUP)}
    return fields(
        ["service", "backends"], service=NAME, backends=listing(backend, least=1), **matches
    )


def _match() -> Schema:
    return fields(
        ["name"],
        name=NAME,
        pathRegex=NAME,
        methods=listing(one_of(*_METHODS)),
        headers=listing(TEXTS),
    )


def _tcp_route(dialect: Dialect) -> Schema:
    if not dialect.has_route_ports:
        return fields()
    ports = listing(whole(1, 65535))
    return fields(["matches"], matches=fields(["ports"], name=TEXT, ports=ports))


def _target(dialect: Dialect) -> Schema:
    account = {"kind": one_of("ServiceAccount"), "name": NAME, "namespace": TEXT}
    port = {"port": whole(1, 65535)} if dialect.has_target_port else {}
    kinds = ("HTTPRouteGroup", "TCPRoute", *(("UDPRoute",) if dialect.has_route_ports else ()))
    rule = fields(["kind", "name"], kind=one_of(*kinds), name=NAME, matches=listing(TEXT))
    required = ["destination"] if dialect.has_target_port else ["destination", "rules", "sources"]
    return fields(
        required,
        destination=fields(["kind", "name"], **account, **port),
        rules=listing(rule),
        sources=listing(fields(["kind", "name"], **account)),
    )
