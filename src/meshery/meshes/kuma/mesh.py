"""Kuma as a mesh: what the adapter host serves, and lifecycle installs."""

from meshery.adapters.mesh import Mesh, Status
from meshery.meshes.gateway_api import gateway_kinds
from meshery.meshes.kuma.charts import CHARTS, INJECTION, PROFILES
from meshery.meshes.kuma.checks import VALIDATORS
from meshery.meshes.kuma.kinds.policies import POLICIES
from meshery.meshes.kuma.kinds.resources import RESOURCES
from meshery.meshes.kuma.operations import OPERATIONS
from meshery.meshes.kuma.table import render
from meshery.meshes.kuma.versions import AS_OF, VERSIONS

MESH = Mesh(
    name="kuma",
    title="Kuma",
    smp="KUMA",
    port=10007,
    status=Status(
        state="active",
        as_of=AS_OF,
        source="github.com/kumahq/kuma",
        advice="2.13 is maintained beside 3.0; the validator ready-for-3 tells what 3.0 refuses",
    ),
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    profiles=PROFILES,
    charts=CHARTS,
    kinds=(*POLICIES, *RESOURCES, *gateway_kinds("v1", "v1beta1")),
    operations=OPERATIONS,
    validators=VALIDATORS,
)
