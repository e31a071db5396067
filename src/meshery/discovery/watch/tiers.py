"""Which kinds are watched, and in which order.

First the few kinds that meshes are recognised by, so that a cluster tells its meshes within a
second or two; then what runs; then the kinds that the meshes found bring themselves.
"""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

import msgspec

from meshery.discovery.model import ChangeKind, resource_name
from meshery.kube.item import Item
from meshery.kube.kinds import Kinds
from meshery.kube.listing import EVERYTHING, Selection
from meshery.kube.resource import Resource

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
SECRETS = "secrets"

FINGERPRINT = (
    "namespaces",
    CRDS,
    "deployments.apps",
    "daemonsets.apps",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
)
WORKLOADS = (
    "pods",
    "services",
    "replicasets.apps",
    "statefulsets.apps",
    "configmaps",
    "nodes",
    "serviceaccounts",
    "endpointslices.discovery.k8s.io",
    SECRETS,
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "apiservices.apiregistration.k8s.io",
    "persistentvolumes",
    "persistentvolumeclaims",
    "storageclasses.storage.k8s.io",
)
MESH_GROUPS = (
    "gateway.networking.k8s.io",
    "gateway.networking.x-k8s.io",
    "istio.io",
    "maistra.io",
    "sailoperator.io",
    "mesh.cloud.google.com",
    "linkerd.io",
    "consul.hashicorp.com",
    "kuma.io",
    "cilium.io",
    "traefik.io",
    "containo.us",
    "openservicemesh.io",
    "networkservicemesh.io",
    "nsm.nginx.com",
    "appmesh.k8s.aws",
    "vmware.com",
    "smi-spec.io",
    "meshery.io",
    "meshery.layer5.io",
)
"""API groups, with those below them, whose CRDs belong to meshes."""

NAMED_SECRETS = (
    "cacerts",
    "istio-ca-secret",
    "linkerd-identity-issuer",
    "cilium-ca",
    "cilium-clustermesh",
    "clustermesh-apiserver-server-cert",
    "*consul-ca-cert",
    "*consul-server-cert",
    "kuma-tls-cert",
    "kong-mesh-tls-cert",
)
"""Secrets, by pattern of name, with public certificates of meshes or keys that name peers."""
PEER_LABEL = "istio/multiCluster"

EVENTS: frozenset[ChangeKind] = frozenset(("ADDED", "MODIFIED", "DELETED"))

_TLS = "kubernetes.io/tls"


class Watched(msgspec.Struct, frozen=True):
    """A kind to watch; `slices` are the selections that make all of it together.

    MeshSync's clients are told of its `events` only.
    """

    resource: Resource
    tier: int
    slices: tuple[Selection, ...] = (EVERYTHING,)
    events: frozenset[ChangeKind] = EVENTS

    @property
    def name(self) -> str:
        """`pods.v1.`, as MeshSync names kinds."""
        return resource_name(self.resource.plural, self.resource.api_version)


def wanted(kinds: Kinds) -> dict[str, Watched]:
    """What to watch of that which is served, by group and plural, in order of tiers."""
    served = {str(found): found for found in kinds.preferred if found.watchable}
    rows = [
        *_rows(FINGERPRINT, served, tier=1),
        *_rows(WORKLOADS, served, tier=2),
        *_rows(
            sorted(name for name, found in served.items() if belongs(found.group, MESH_GROUPS)),
            served,
            tier=3,
        ),
    ]
    chosen: dict[str, Watched] = {}
    for row in rows:
        chosen.setdefault(str(row.resource), row)
    return chosen


def belongs(group: str, groups: Collection[str]) -> bool:
    """Whether a group is one of `groups`, or below one."""
    return any(group == each or group.endswith(f".{each}") for each in groups)


def needs_whole(item: Item) -> bool:
    """Whether an object of which the metadata came is to be asked for whole."""
    if item.kind != "Secret":
        return False
    name = item.metadata.name
    is_named = any(fnmatchcase(name, pattern) for pattern in NAMED_SECRETS)
    return is_named or PEER_LABEL in (item.metadata.labels or {})


def _rows(names: Iterable[str], served: dict[str, Resource], *, tier: int) -> Iterable[Watched]:
    for name in names:
        if name in served:
            yield Watched(served[name], tier, _slices(name))


def _slices(name: str) -> tuple[Selection, ...]:
    if name == CRDS:
        return (Selection(is_metadata_only=True),)
    if name == SECRETS:
        # Values stay at the API server, but for certificates that are public.
        return (
            Selection(fields=f"type!={_TLS}", is_metadata_only=True),
            Selection(fields=f"type={_TLS}"),
        )
    return (EVERYTHING,)
