"""What each kind of behaviour was on App Mesh, and what comes nearest where it had nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Draft, Object, Table, drafted, merged
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.app_mesh.assembly import finished
from meshery.meshes.app_mesh.edge import egress, ingress
from meshery.meshes.app_mesh.nodes import ejection, limits, mtls
from meshery.meshes.app_mesh.objects import route_field
from meshery.meshes.app_mesh.policies import retry, timeout
from meshery.meshes.app_mesh.routing import lead_to_node, route, split
from meshery.meshes.look import dig, name_of, namespace_of

ENDED = "App Mesh ended on 2026-09-30: no controller carries this out any more"

TABLE: Table = {
    Kind.RETRY: retry,
    Kind.TIMEOUT: timeout,
    Kind.LIMITS: limits,
    Kind.EJECTION: ejection,
    Kind.SPLIT: split,
    Kind.MTLS: mtls,
    Kind.ROUTE: route,
    Kind.EGRESS: egress,
    Kind.INGRESS: ingress,
}

ALTERNATIVES = {
    Kind.TRIP: "ejection takes failing instances out (VirtualNode outlierDetection)",
    Kind.MIRROR: "replay recorded requests with a load generator against the other version",
    Kind.FAULT: "split a share of the requests to a service that answers with errors or late",
    Kind.RATELIMIT: "limits keep each instance from being overrun (connectionPool of its listener)",
    Kind.ACCESS: "mtls with the names of the callers in the listener "
    "(tls.validation.subjectAlternativeNames), and backends of the callers' nodes",
    Kind.LOCALITY: "none in App Mesh; VPC Lattice and Istio route by zones",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as App Mesh's objects, with what stands already in their lists."""
    drafts = drafted(behaviours, world, TABLE, ALTERNATIVES, mesh="AWS App Mesh")
    _lead_somewhere(drafts, world)
    for draft in drafts:
        if draft.objects:
            draft.nearly(ENDED)
    objects = [finished(each, world) for each in merged(drafts)]
    return Rendering(tuple(objects), tuple(draft.outcome() for draft in drafts))


def _lead_somewhere(drafts: Sequence[Draft], world: World) -> None:
    """Give routers of which only retries or time limits are said a route to the service's node."""
    routed = {
        (namespace_of(each), name_of(each), field)
        for each in (*world.live, *(made for draft in drafts for made in draft.objects))
        if each.get("kind") == "VirtualRouter"
        for route in _routes(each)
        for field in route
    }
    for draft in drafts:
        for each in [made for made in draft.objects if made["kind"] == "VirtualRouter"]:
            place = (namespace_of(each), name_of(each), route_field(draft))
            if place not in routed:
                routed.add(place)
                lead_to_node(draft)


def _routes(router: Object) -> list[Mapping[str, Any]]:
    """The routes of a router that stands (a list), or that is being made (by name)."""
    found = dig(router, "spec.routes") or []
    return list(found.values()) if isinstance(found, Mapping) else found
