"""The shape of a fingerprint table: one YAML file a mesh.

Nothing is recognised by the name of a namespace: who installs a mesh chooses that. Those in a table
are where its charts stand by default, the weakest of all evidence.
"""

from typing import Literal

from meshery.discovery.fingerprints.rows import (
    REVISION,
    Agent,
    Build,
    CertificateAt,
    Component,
    Identity,
    Images,
    Injection,
    Managed,
    MeshWhen,
    PeersAt,
    Proxy,
    Revisions,
    Row,
    Source,
    Webhooks,
)


class MeshTable(Row, frozen=True):
    """The fingerprint of one mesh."""

    mesh: str
    title: str
    ended: bool = False
    organisations: tuple[str, ...] = ()
    crd_groups: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    managed: tuple[Managed, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    agents: tuple[Agent, ...] = ()
    webhooks: Webhooks = Webhooks()
    injection: tuple[Injection, ...] = ()
    revisions: Revisions | None = None
    pod_home: Source | None = None
    waypoint_classes: tuple[str, ...] = ()
    config_maps: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    identity: Identity = Identity()
    certificates: tuple[CertificateAt, ...] = ()
    peers: tuple[PeersAt, ...] = ()
    builds: tuple[Build, ...] = ()
    mesh_when: MeshWhen | None = None
    node_capture: bool = False
    skew: Literal["exact", "minor", "none"] = "exact"
    skew_against: str = ""


class AddOnTable(Row, frozen=True):
    """The fingerprint of a tool beside the meshes."""

    name: str
    title: str
    images: Images
    labels: tuple[dict[str, str], ...] = ()
    organisations: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


class CommonTable(Row, frozen=True):
    """What holds for all meshes: weights, namespaces of the system, flavours of image tags."""

    weights: dict[str, float]
    system_namespaces: tuple[str, ...]
    flavours: tuple[str, ...]


class Fingerprints(Row, frozen=True):
    """All tables."""

    common: CommonTable
    meshes: tuple[MeshTable, ...]
    addons: tuple[AddOnTable, ...]

    def readable_config_maps(self) -> tuple[str, ...]:
        """Globs of the ConfigMaps whose values the tables need; all others may stay redacted."""
        wanted = {name for table in self.meshes for name in _config_maps(table)}
        return tuple(sorted(wanted))


def _config_maps(table: MeshTable) -> set[str]:
    identity = table.identity
    sources = [*identity.mesh_id, *identity.trust_domain, *identity.network, *identity.zone]
    sources += [role.source for role in identity.zone_roles if role.source]
    sources += [peers.source for peers in table.peers if peers.source]
    names = {source.config_map for source in sources}
    names |= {entry.config_map for entry in table.certificates}
    names |= {table.mesh_when.config_map} if table.mesh_when else set()
    plain = {name.replace(REVISION, "") for name in names}
    return (plain | {name.replace(REVISION, "-*") for name in names}) - {""}
