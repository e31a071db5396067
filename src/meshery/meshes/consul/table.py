"""Consul's render table: which kind becomes what, and what comes nearest for the others."""

from collections.abc import Callable, Sequence

from meshery.adapters.draft import Object, drafted, merged
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.consul import (
    edge,
    intentions,
    pressure,
    resilience,
    security,
    traffic,
    upstreams,
)
from meshery.meshes.consul.live import add_to_live

TITLE = "Consul"

TABLE = {
    Kind.RETRY: resilience.retry,
    Kind.TIMEOUT: resilience.timeout,
    Kind.LIMITS: upstreams.limits,
    Kind.EJECTION: upstreams.ejection,
    Kind.TRIP: upstreams.trip,
    Kind.SPLIT: traffic.split,
    Kind.ROUTE: traffic.route,
    Kind.LOCALITY: traffic.locality,
    Kind.FAULT: pressure.fault,
    Kind.RATELIMIT: pressure.ratelimit,
    Kind.MTLS: security.mtls,
    Kind.ACCESS: security.access,
    Kind.EGRESS: edge.egress,
    Kind.INGRESS: edge.ingress,
}

ALTERNATIVES = {
    Kind.MIRROR: "a split with a small weight, which answers its share; Consul's config entries "
    "copy no requests, so copies are made by the caller or before the mesh",
}

_FINISHED: dict[str, Callable[[Object], Object]] = {
    "ServiceDefaults": pressure.finished_defaults,
    "ServiceRouter": traffic.finished_router,
    "ServiceSplitter": traffic.finished_splitter,
    "TerminatingGateway": edge.finished_gateway,
}
# What others lean on comes first: a router is refused while its service does not speak HTTP.
_ORDER = (
    "Mesh",
    "ProxyDefaults",
    "ServiceDefaults",
    "ServiceResolver",
    "ServiceSplitter",
    "ServiceRouter",
    "ServiceIntentions",
)


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """All behaviours of a place: one config entry a kind and name, in the order they need."""
    drafts = drafted(behaviours, world, TABLE, ALTERNATIVES, mesh=TITLE)
    objects = merged(drafts)
    intentions.finished(objects)
    objects = [_FINISHED.get(each["kind"], _as_it_is)(each) for each in objects]
    for each in objects:
        add_to_live(each, world)
    objects.sort(key=_place)
    return Rendering(tuple(objects), tuple(draft.outcome() for draft in drafts))


def _as_it_is(made: Object) -> Object:
    return made


def _place(made: Object) -> int:
    return _ORDER.index(made["kind"]) if made["kind"] in _ORDER else len(_ORDER)
