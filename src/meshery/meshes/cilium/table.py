"""Cilium's render table: each kind of behaviour to what it becomes."""

from collections.abc import Sequence

from meshery.adapters.draft import drafted, merged
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.cilium import config, edge, led, pressure, resilience, rule, security, traffic

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


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """All behaviours of a place as objects for a cluster whose network is Cilium."""
    drafts = drafted(behaviours, world, TABLE, {}, mesh="Cilium")
    security.keep_closed(drafts)
    led.keep_where_led(drafts)
    config.tell_of_others(drafts, world)
    # One object of a service takes what is said of all services and of this one, which has to win.
    wide_first = sorted(drafts, key=lambda draft: not draft.is_whole_mesh)
    made = tuple(config.finished(rule.finished(each)) for each in merged(wide_first))
    return Rendering(made, tuple(draft.outcome() for draft in drafts))
