"""Consul as a mesh: what the adapter host serves, and lifecycle installs."""

from meshery.adapters.mesh import Mesh, Status
from meshery.meshes.consul.charts import CHARTS, INJECTION, PROFILES, TRUST
from meshery.meshes.consul.checks import VALIDATORS
from meshery.meshes.consul.kinds.entries import KINDS
from meshery.meshes.consul.migrate import MIGRATIONS
from meshery.meshes.consul.operations import OPERATIONS
from meshery.meshes.consul.table import TITLE, render
from meshery.meshes.consul.versions import AS_OF, VERSIONS

MESH = Mesh(
    name="consul",
    title=TITLE,
    smp="CONSUL",
    port=10002,
    status=Status(
        state="active",
        as_of=AS_OF,
        source="github.com/hashicorp/consul-k8s, developer.hashicorp.com/consul",
        advice="some kinds take Consul Enterprise: faults, nearness, the rate limits field",
    ),
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    profiles=PROFILES,
    charts=CHARTS,
    trust=TRUST,
    kinds=KINDS,
    operations=OPERATIONS,
    validators=VALIDATORS,
    migrations=MIGRATIONS,
)
