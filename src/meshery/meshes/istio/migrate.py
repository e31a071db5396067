"""From Istio's objects to neutral behaviours: what another mesh can be told, and what is left over.

Subsets are no behaviour but labels: they are told of as such. What no document can say (a client's
TLS, a hash of sessions, patches of Envoy) is named line by line.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.istio.migrate_edge import read_egress, read_ingress
from meshery.meshes.istio.migrate_filters import read_filter
from meshery.meshes.istio.migrate_policies import read_access, read_peers, read_rule
from meshery.meshes.istio.migrate_rules import read_rules
from meshery.meshes.istio.naming import NETWORKING_GROUP, SECURITY_GROUP
from meshery.meshes.look import of_kind
from meshery.meshes.translation import Translation

Documents = Sequence[Mapping[str, Any]]

_READERS: tuple[tuple[str, str, Callable[[Translation, Object], None]], ...] = (
    (NETWORKING_GROUP, "VirtualService", read_rules),
    (NETWORKING_GROUP, "DestinationRule", read_rule),
    (SECURITY_GROUP, "PeerAuthentication", read_peers),
    (SECURITY_GROUP, "AuthorizationPolicy", read_access),
    (NETWORKING_GROUP, "EnvoyFilter", read_filter),
)
_LEFT = {
    "RequestAuthentication": "another mesh verifies tokens by its own means",
    "WasmPlugin": "filters are carried over as filters",
    "Telemetry": "telemetry is set where the other mesh is installed",
    "ProxyConfig": "settings of proxies are not those of another mesh",
    "WorkloadEntry": "instances outside the cluster are joined anew",
    "WorkloadGroup": "instances outside the cluster are joined anew",
}


def read(objects: Sequence[Object]) -> tuple[Documents, Sequence[str]]:
    """The documents of the behaviours that objects come to, and a line for each thing left over."""
    notes = Translation(objects)
    for group, kind, reader in _READERS:
        for each in of_kind(objects, kind, group):
            reader(notes, each)
    read_egress(notes, objects)
    read_ingress(notes, objects)
    for each in objects:
        why = _LEFT.get(str(each.get("kind")))
        if why is not None and "istio.io/" in str(each.get("apiVersion")):
            notes.lost(each, f"{why}")
    return notes.answer()


MIGRATIONS = (
    Migration(
        to="linkerd",
        why="a smaller proxy and fewer settings; mirrors, faults and limits are lost on the way",
        read=read,
    ),
    Migration(
        to="kuma",
        why="the same proxy, and policies for workloads outside Kubernetes too",
        read=read,
    ),
    Migration(
        to="cilium",
        why="no proxy for connections; splits and timeouts by Gateway API",
        read=read,
    ),
)
