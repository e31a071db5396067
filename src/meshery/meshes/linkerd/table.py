"""Linkerd's render table: which kind becomes what, and what comes nearest for the others."""

from collections.abc import Sequence

from meshery.adapters.draft import Draft, Object, drafted, merged
from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.behaviours.security import Access
from meshery.meshes.linkerd import edge, pressure, resilience, routes, security, traffic

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
    _denied(drafts)
    objects = [_finished(each) for each in merged(drafts)]
    return Rendering(tuple(objects), tuple(draft.outcome() for draft in drafts))


def _finished(made: Object) -> Object:
    if made["kind"] == "HTTPRoute":
        return routes.finished(made)
    if made["kind"] == "ServiceProfile":
        return resilience.finished_profile(made)
    if made["kind"] == "Server" and "accessPolicy" in made["spec"]:
        wished = made["spec"]["accessPolicy"]
        held = next(each for each in security.STRICTEST if each in wished)
        made["spec"]["accessPolicy"] = held
    return made


def _denied(drafts: Sequence[Draft]) -> None:
    """A deny wins: where a Server denies everything, no policy may allow anything at it."""
    shut = {
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for draft in drafts
        if draft.behaviour.kind is Kind.ACCESS and draft.params(Access).action == "deny"
        for each in draft.objects
    }
    for draft in drafts:
        if draft.behaviour.kind is not Kind.ACCESS or draft.fidelity is Fidelity.UNSUPPORTED:
            continue
        servers = {
            (each["metadata"]["namespace"], each["metadata"]["name"])
            for each in draft.objects
            if each["kind"] == "Server"
        }
        if draft.params(Access).action == "allow" and servers & shut:
            draft.unsupported(
                "another behaviour denies everything to the target, and a deny wins",
                "take the deny away: what no allow takes is refused anyway",
            )
