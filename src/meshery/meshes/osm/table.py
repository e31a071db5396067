"""What each kind of behaviour becomes on OSM, and what comes nearest where it has nothing."""

from collections.abc import Sequence

from meshery.adapters.draft import Draft, Table, render_each
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.osm.edge import access, egress, ingress, mtls
from meshery.meshes.osm.objects import DIALECT
from meshery.meshes.osm.resilience import limits, rate_limit, retry, timeout
from meshery.meshes.scope import one_service
from meshery.meshes.smi.split import write_split


def _split(draft: Draft) -> None:
    if one_service(draft):
        write_split(draft, DIALECT)


TABLE: Table = {
    Kind.RETRY: retry,
    Kind.TIMEOUT: timeout,
    Kind.LIMITS: limits,
    Kind.SPLIT: _split,
    Kind.RATELIMIT: rate_limit,
    Kind.MTLS: mtls,
    Kind.ACCESS: access,
    Kind.EGRESS: egress,
    Kind.INGRESS: ingress,
}

ALTERNATIVES = {
    Kind.EJECTION: "limits keep a failing service from piling up (UpstreamTrafficSetting); "
    "readiness probes take a failing instance out of its Service",
    Kind.TRIP: "limits refuse requests at once when the target is slow (UpstreamTrafficSetting)",
    Kind.MIRROR: "replay recorded requests with a load generator against the other version",
    Kind.FAULT: "split a share of the requests to a service that answers with errors or late",
    Kind.ROUTE: "split without match; or route at the ingress, by paths and hosts",
    Kind.LOCALITY: "Kubernetes' own trafficDistribution does not reach through OSM's proxies; "
    "give each zone a Service of its own and split between them",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as SMI objects and OSM's policies."""
    return render_each(behaviours, world, TABLE, ALTERNATIVES, mesh="Open Service Mesh")
