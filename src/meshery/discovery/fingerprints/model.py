"""What the engine finds. Fields are those of `mesh list -o json`, times RFC 3339, shares 0 to 1."""

from enum import StrEnum
from typing import Literal

import msgspec

UNKNOWN = "unknown"
"""A version or an expiry that the objects do not tell."""


class MeshState(StrEnum):
    """What is there of a mesh. `installed` is verified; what is not verified is told as such."""

    INSTALLED = "installed"
    DEGRADED = "degraded"
    DATA_PLANE_ONLY = "data-plane-only"
    CNI_ONLY = "cni-only"
    ENDED = "ended"
    UNVERIFIED = "unverified"


class Health(StrEnum):
    """Ready replicas against those wanted."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a pod carries no proxy."""

    HOST_NETWORK = "host-network"
    DISABLED_ON_POD = "disabled-on-pod"
    LABEL_ABSENT = "label-absent"
    REVISION_UNKNOWN = "revision-unknown"
    WEBHOOK_MISSING = "webhook-missing"
    WEBHOOK_SKIPS_IT = "webhook-skips-it"
    CREATED_BEFORE_LABEL = "created-before-label"
    CREATED_BEFORE_INJECTOR = "created-before-injector"
    INJECTOR_DOWN = "injector-down"
    NODE_AGENT_MISSING = "node-agent-missing"
    NOT_CAPTURED = "not-captured"
    NOT_INJECTED = "not-injected"


EvidenceType = Literal[
    "image", "label", "crd", "webhook", "config-map", "proxy", "node-agent", "object", "namespace"
]


class Evidence(msgspec.Struct, frozen=True):
    """One observation: in which object, what was seen, and how much it weighs (0 to 1)."""

    type: EvidenceType
    object: str
    value: str
    weight: float


class Certificate(msgspec.Struct, frozen=True):
    """A certificate of a control plane: its part, where it was read, `expires_at` or `unknown`."""

    name: str
    source: str
    expires_at: str = UNKNOWN


class ControlPlane(msgspec.Struct, frozen=True):
    """One workload that controls a mesh. `managed` ones run outside the cluster."""

    component: str
    kind: str
    namespace: str
    name: str
    version: str
    image: str
    revision: str
    ready: int
    desired: int
    health: Health
    certificate_expires_at: str = UNKNOWN
    certificates: tuple[Certificate, ...] = ()
    tags: tuple[str, ...] = ()
    primary: bool = False
    managed: bool = False


class Skew(msgspec.Struct, frozen=True):
    """A proxy whose version is not that of the control plane of its own revision.

    `pod` is empty for a node's proxy: its workload is the DaemonSet.
    """

    namespace: str
    workload: str
    pod: str
    version: str
    expected: str
    revision: str


class NotInjected(msgspec.Struct, frozen=True):
    """A running pod without proxy, and why.

    Of those `not_injected` its namespace asks for a proxy, or it said no itself; of those `unasked`
    nobody asks, but its neighbours are in the mesh.
    """

    namespace: str
    workload: str
    pod: str
    reason: Reason
    message: str
    eligible: bool
    revision: str = ""


class Orphan(msgspec.Struct, frozen=True):
    """A proxy whose revision has no control plane in this cluster."""

    namespace: str
    pod: str
    revision: str
    version: str


class WorkloadProxies(msgspec.Struct, frozen=True):
    """The proxies of one workload.

    Their role is sidecar, native-sidecar, gateway, waypoint, ambient (their node's proxy), or
    control-plane (beside a part of the mesh itself).
    """

    namespace: str
    kind: str
    name: str
    role: str
    pods: int
    versions: dict[str, int]


class NodeAgent(msgspec.Struct, frozen=True):
    """A DaemonSet of the mesh: a proxy for its node, a CNI plug-in or another agent."""

    name: str
    namespace: str
    role: str
    version: str
    ready: int
    desired: int


class Waypoint(msgspec.Struct, frozen=True):
    """A Gateway that is a waypoint; `programmed` is its own status."""

    namespace: str
    name: str
    programmed: bool


class DataPlanes(msgspec.Struct, frozen=True):
    """Counts are pods. `coverage` = meshed / eligible, None where nothing is eligible.

    `proxies` = `sidecars` (native ones among them) + `gateways` + waypoints + `node_proxies`, the
    ready pods that carry their node's traffic; `versions` are theirs. Proxies beside the mesh's own
    parts are counted apart. `ambient` pods are carried by their node's proxy. `workloads` are the
    owners of the meshed pods.
    """

    proxies: int = 0
    sidecars: int = 0
    node_proxies: int = 0
    control_plane_proxies: int = 0
    workloads: int = 0
    meshed: int = 0
    eligible: int = 0
    coverage: float | None = None
    versions: dict[str, int] = {}
    skewed: tuple[Skew, ...] = ()
    not_injected: tuple[NotInjected, ...] = ()
    unasked: tuple[NotInjected, ...] = ()
    orphaned: tuple[Orphan, ...] = ()
    ambient: int = 0
    native_sidecars: int = 0
    gateways: int = 0
    node_agents: tuple[NodeAgent, ...] = ()
    waypoints: tuple[Waypoint, ...] = ()
    by_workload: tuple[WorkloadProxies, ...] = ()


class Peer(msgspec.Struct, frozen=True):
    """Another cluster, zone or data centre that this mesh is joined to, as far as said here.

    `object` names it: an object of this cluster, or an address.
    """

    name: str
    via: str
    object: str
    state: str = UNKNOWN


class MeshFound(msgspec.Struct, frozen=True):
    """One mesh in one cluster.

    `versions` are those of its control planes, oldest first; `version` is the last of them, or that
    of its proxies. `zone` is what the mesh calls this cluster: a zone, a data centre, a name.
    """

    mesh: str
    title: str
    build: str
    version: str
    cluster: str
    cluster_id: str
    namespace: str
    state: MeshState
    control_planes: tuple[ControlPlane, ...]
    data_planes: DataPlanes
    evidence: tuple[Evidence, ...]
    confidence: float
    versions: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    mesh_id: str = ""
    trust_domain: str = ""
    network: str = ""
    zone: str = ""
    zone_role: str = ""
    peers: tuple[Peer, ...] = ()
    notes: tuple[str, ...] = ()


class AddOnFound(msgspec.Struct, frozen=True):
    """A tool that meshes are used with. `service` and `port` are where it answers, if seen."""

    name: str
    version: str
    cluster: str
    namespace: str
    workload: str
    ready: int
    desired: int
    health: Health
    service: str = ""
    port: int = 0


class Leftover(msgspec.Struct, frozen=True):
    """What a mesh left behind that is not there (any more): a note, never a mesh."""

    mesh: str
    type: str
    objects: tuple[str, ...]
