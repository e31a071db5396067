"""Kuma's render table: each kind of behaviour to the policies that it becomes."""

from collections.abc import Sequence

from meshery.adapters.draft import drafted, merged
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.kuma import edge, pressure, resilience, security, traffic
from meshery.meshes.kuma.policy import finished

TABLE = {
    Kind.RETRY: resilience.retry,
    Kind.TIMEOUT: resilience.timeout,
    Kind.LIMITS: resilience.limits,
    Kind.EJECTION: resilience.ejection,
    Kind.TRIP: resilience.trip,
    Kind.SPLIT: traffic.split,
    Kind.MIRROR: traffic.mirror,
    Kind.ROUTE: traffic.route,
    Kind.LOCALITY: traffic.locality,
    Kind.FAULT: pressure.fault,
    Kind.RATELIMIT: pressure.ratelimit,
    Kind.MTLS: security.mtls,
    Kind.ACCESS: security.access,
    Kind.EGRESS: edge.egress,
    Kind.INGRESS: edge.ingress,
}

ALTERNATIVES: dict[Kind, str] = {}
"""No kind is without a row; what a version cannot do says so in its own function."""


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """All behaviours of a place as policies of one mesh of a control plane of `world.version`."""
    drafts = drafted(behaviours, world, TABLE, ALTERNATIVES, mesh="Kuma")
    security.open_unless_allowed(drafts)
    made = tuple(finished(each, world) for each in merged(drafts))
    return Rendering(made, tuple(draft.outcome() for draft in drafts))
