"""NGINX's kinds that are rendered, with their schemas, and SMI's as it serves them.

Written from its custom resources (helm-chart/crds, read 2026-11-22).
"""

from typing import Any

from meshery.adapters.mesh import NativeKind
from meshery.meshes.nginx.objects import CIRCUIT_BREAKER, DIALECT, GROUP
from meshery.meshes.schema import NAME, TEXT, Schema, fields, listing, one_of, resource, text, whole
from meshery.meshes.smi.kinds import smi_kinds

_WORKLOAD = one_of("Pod", "Deployment", "DaemonSet", "StatefulSet", "Service")
_REFERENCE = fields(["kind", "name"], kind=_WORKLOAD, name=NAME, namespace=TEXT)
_DELAY: Schema = {"x-kubernetes-int-or-string": True}
_LIMIT: dict[str, Schema] = {
    "name": NAME,
    "destination": _REFERENCE,
    "sources": listing(_REFERENCE),
    "rate": text("^[0-9]+r/[s,m]$"),
    "burst": whole(),
    "delay": _DELAY,
}
_RULE = fields(["kind", "name"], kind=one_of("HTTPRouteGroup"), name=NAME, matches=listing(TEXT))
_BREAKER = fields(
    ["destination", "errors", "timeoutSeconds"],
    destination=fields(["kind", "name"], kind=one_of("Service"), name=NAME, namespace=TEXT),
    errors=whole(),
    timeoutSeconds=whole(),
    fallback=fields(service=TEXT, port=whole(0, 65535)),
)


def _rate_limit(version: str, **more: Any) -> NativeKind:
    return NativeKind(
        api_version=f"{GROUP}/{version}",
        kind="RateLimit",
        summary="How many requests each pod of a destination takes",
        schema=resource(fields(["name", "destination", "rate"], **_LIMIT, **more)),
        since="1.2" if more else "",
    )


KINDS = (
    NativeKind(
        api_version=CIRCUIT_BREAKER,
        kind="CircuitBreaker",
        summary="Closes a destination after a count of errors, perhaps with a fallback",
        schema=resource(_BREAKER),
    ),
    _rate_limit("v1alpha2", rules=listing(_RULE)),
    _rate_limit("v1alpha1"),
    *smi_kinds(DIALECT),
)
