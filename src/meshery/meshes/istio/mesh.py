"""Istio as the product knows it."""

from meshery.adapters.mesh import Mesh, Status
from meshery.meshes.istio import checks, workload_checks
from meshery.meshes.istio.charts import ADD_ONS, CHARTS, INJECTION, PROFILES, TRUST
from meshery.meshes.istio.kinds.table import KINDS
from meshery.meshes.istio.migrate import MIGRATIONS
from meshery.meshes.istio.operations import OPERATIONS
from meshery.meshes.istio.table import render
from meshery.meshes.istio.versions import VERSIONS

MESH = Mesh(
    name="istio",
    title="Istio",
    smp="ISTIO",
    port=10000,
    status=Status(
        state="active",
        as_of="2026-11-21",
        source="istio.io/latest/news/releases; a project of the CNCF, graduated",
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
    validators={
        "danglingroutedestinationhost": checks.dangling_hosts,
        "conflictingvirtualservicehost": checks.conflicting_hosts,
        "undefinedsubset": checks.subsets,
        "weights": checks.weights,
        "unreachablerule": checks.unreachable,
        "unknowngateway": checks.gateways,
        "samescope": checks.peers,
        "podsinmesh": workload_checks.pods_in_mesh,
        "meshversion": workload_checks.mesh_version,
        "applabel": workload_checks.app_label,
        "serviceportprefix": workload_checks.service_port_prefix,
        "serviceassociation": workload_checks.service_association,
        "selectsnothing": workload_checks.selecting_nothing,
    },
    migrations=MIGRATIONS,
)
