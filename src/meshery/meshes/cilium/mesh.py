"""Cilium as a mesh: what the adapter host serves, and lifecycle installs."""

from meshery.adapters.mesh import Mesh, Status
from meshery.meshes.cilium.charts import CHARTS, INJECTION, PROFILES, TRUST
from meshery.meshes.cilium.checks import VALIDATORS
from meshery.meshes.cilium.kinds import KINDS
from meshery.meshes.cilium.operations import OPERATIONS
from meshery.meshes.cilium.table import render
from meshery.meshes.cilium.versions import AS_OF, VERSIONS
from meshery.meshes.gateway_api import gateway_kinds

MESH = Mesh(
    name="cilium",
    title="Cilium",
    smp="CILIUM_SERVICE_MESH",
    port=10012,
    is_network=True,
    status=Status(
        state="active",
        as_of=AS_OF,
        source="github.com/cilium/cilium",
        advice="it is the cluster's network: where it is the only one it is never removed; 1.20 is "
        "the last line known to have authentication in policies, ztunnel follows it",
    ),
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    profiles=PROFILES,
    charts=CHARTS,
    trust=TRUST,
    kinds=(*KINDS, *gateway_kinds("v1", "v1beta1")),
    operations=OPERATIONS,
    validators=VALIDATORS,
)
