"""Linkerd as a mesh: what the adapter host serves, and lifecycle installs."""

from meshery.adapters.mesh import Mesh, Status
from meshery.meshes.linkerd.charts import ADD_ONS, CHARTS, INJECTION, PROFILES, TRUST
from meshery.meshes.linkerd.checks import VALIDATORS
from meshery.meshes.linkerd.kinds.policy import KINDS
from meshery.meshes.linkerd.migrate import MIGRATIONS
from meshery.meshes.linkerd.operations import OPERATIONS
from meshery.meshes.linkerd.table import TITLE, render
from meshery.meshes.linkerd.versions import AS_OF, VERSIONS

MESH = Mesh(
    name="linkerd",
    title=TITLE,
    smp="LINKERD",
    port=10001,
    status=Status(
        state="active",
        as_of=AS_OF,
        source="linkerd.io/releases, github.com/linkerd/linkerd2",
        advice="open source releases are edge releases; supported stable ones are a vendor's",
    ),
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    profiles=PROFILES,
    charts=CHARTS,
    trust=TRUST,
    kinds=KINDS,
    add_ons=ADD_ONS,
    operations=OPERATIONS,
    validators=VALIDATORS,
    migrations=MIGRATIONS,
)
