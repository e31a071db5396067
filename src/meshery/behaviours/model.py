"""The mesh-neutral model: what a mesh shall do, said once, whatever mesh does it.

A behaviour is a kind, a target service, perhaps one source, and the kind's parameters. An adapter
renders it to native objects and says how well that fits: `exact`, `approximate` or `unsupported`,
with notes. No parameter is dropped without a note.
"""

from enum import StrEnum
from typing import Any

import msgspec

from meshery.behaviours.edge import Egress, Ingress
from meshery.behaviours.pressure import FaultInjection, RateLimit
from meshery.behaviours.resilience import Ejection, Limits, Retry, Timeout, Trip
from meshery.behaviours.security import Access, Mtls
from meshery.behaviours.shape import Params, Port
from meshery.behaviours.traffic import Locality, Mirror, Route, Split

API_VERSION = "sandbox.meshery.io/v1"
OBJECT_KIND = "Behaviour"


class Kind(StrEnum):
    """What a behaviour does."""

    RETRY = "retry"
    TIMEOUT = "timeout"
    LIMITS = "limits"
    EJECTION = "ejection"
    TRIP = "trip"
    SPLIT = "split"
    MIRROR = "mirror"
    FAULT = "fault"
    RATELIMIT = "ratelimit"
    MTLS = "mtls"
    ACCESS = "access"
    ROUTE = "route"
    EGRESS = "egress"
    INGRESS = "ingress"
    LOCALITY = "locality"


PARAMS: dict[Kind, type[Params]] = {
    Kind.RETRY: Retry,
    Kind.TIMEOUT: Timeout,
    Kind.LIMITS: Limits,
    Kind.EJECTION: Ejection,
    Kind.TRIP: Trip,
    Kind.SPLIT: Split,
    Kind.MIRROR: Mirror,
    Kind.FAULT: FaultInjection,
    Kind.RATELIMIT: RateLimit,
    Kind.MTLS: Mtls,
    Kind.ACCESS: Access,
    Kind.ROUTE: Route,
    Kind.EGRESS: Egress,
    Kind.INGRESS: Ingress,
    Kind.LOCALITY: Locality,
}
"""The parameters of each kind."""


class Fidelity(StrEnum):
    """How well a mesh can do what a behaviour says."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UNSUPPORTED = "unsupported"


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose traffic: a service, perhaps one port or one subset (version) of it.

    `*` is every service of the mesh. An empty namespace is the mesh's own.
    """

    service: str
    namespace: str = ""
    port: Port | None = None
    subset: str | None = None


class Behaviour(msgspec.Struct, frozen=True):
    """One thing a mesh shall do. `source` is the calling service; None is every caller."""

    name: str
    kind: Kind
    target: Target
    params: Params
    source: str | None = None


class Rendered(msgspec.Struct, frozen=True):
    """What a behaviour became on one mesh: native objects, how exact they are, and notes."""

    objects: tuple[dict[str, Any], ...]
    fidelity: Fidelity
    notes: tuple[str, ...] = ()
