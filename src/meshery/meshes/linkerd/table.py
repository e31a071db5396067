"""Linkerd's render table: which kind becomes what, and what comes nearest for the others."""

from collections.abc import Sequence

from meshery.adapters.draft import Object, drafted, merged
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.linkerd import edge, pressure, resilience, routes, security, traffic
from meshery.meshes.linkerd.agreement import agree, strictest

TITLE = "Linkerd"

TABLE = {
    Kind.RETRY: resilience.retry,
    Kind.TIMEOUT: resilience.timeout,
    Kind.EJECTION: resilience.ejection,
    Kind.TRIP: resilience.trip,
    Kind.SPLIT: traffic.split,
    Kind.ROUTE: traffic.route,
    Kind.FAULT: traffic.fault,
    Kind.LOCALITY: traffic.locality,
    Kind.RATELIMIT: pressure.ratelimit,
    Kind.MTLS: security.mtls,
    Kind.ACCESS: security.access,
    Kind.EGRESS: edge.egress,
    Kind.INGRESS: edge.ingress,
}

# A policy for limits of concurrency was proposed and declined (linkerd/linkerd2#14900, 2026-04).
ALTERNATIVES = {
    Kind.LIMITS: "an ejection keeps callers from instances that fail, a ratelimit (2.17) sheds "
    "load at the called pods; pools and queues are the proxy's own",
    Kind.MIRROR: "a split with a small weight; Linkerd refuses the RequestMirror filter, so copies "
    "are made by a gateway before the mesh or by the caller",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """All behaviours of a place: one object for each name, then put in Linkerd's own form."""
    drafts = drafted(behaviours, world, TABLE, ALTERNATIVES, mesh=TITLE)
    agree(drafts)
    objects = [_FINISHED.get(each["kind"], _as_it_is)(each) for each in merged(drafts)]
    return Rendering(tuple(objects), tuple(draft.outcome() for draft in drafts))


def _as_it_is(made: Object) -> Object:
    return made


_FINISHED = {
    "HTTPRoute": routes.finished,
    "ServiceProfile": resilience.finished_profile,
    "Server": strictest,
}
