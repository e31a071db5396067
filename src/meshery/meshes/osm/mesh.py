"""Open Service Mesh as data."""

from meshery.adapters.mesh import (
    Chart,
    Index,
    Injection,
    Mesh,
    Operation,
    Profile,
    Status,
    Version,
    Versions,
)
from meshery.meshes.operations import COMMON
from meshery.meshes.osm.checks import VALIDATORS
from meshery.meshes.osm.kinds import KINDS
from meshery.meshes.osm.migrate import MIGRATIONS
from meshery.meshes.osm.objects import MESH_NAMESPACE
from meshery.meshes.osm.table import render

_REPOSITORY = "https://openservicemesh.github.io/osm"

VERSIONS = Versions(
    known=(
        Version(name="1.2.4", released="2023-04-21", charts={"osm": "1.2.4"}),
        Version(name="1.2.0", charts={"osm": "1.2.0"}),
        Version(name="1.1.0", kubernetes=("1.20", ""), charts={"osm": "1.1.0"}),
        Version(name="1.0.0", charts={"osm": "1.0.0"}),
    ),
    as_of="2026-11-22",
    source="1.2.4 and its date: Wikipedia's entry on the project; 1.20 for 1.1: charts/osm/"
    "Chart.yaml of 1.1.1-rc.1. The first releases of the minor lines are named without a source, "
    "their dates could not be verified",
    index=Index(url=_REPOSITORY, chart="osm"),
)

STATUS = Status(
    state="ended",
    since="2023-05-04",
    as_of="2026-11-22",
    source="https://openservicemesh.io/blog/osm-project-update",
    advice="move to Istio (mesh migrate osm istio translates its policies): no more fixes come",
    has_installer=True,
)

CHARTS = (
    Chart(
        name="osm",
        repository=_REPOSITORY,
        release="osm",
        namespace=MESH_NAMESPACE,
        crds=True,
    ),
)

PROFILES = (
    Profile(
        name="default",
        summary="Everything may call everything until the permissive mode is switched off",
        charts=("osm",),
        values={"osm": {"osm": {"enablePermissiveTrafficPolicy": True}}},
    ),
    Profile(
        name="strict",
        summary="Only what a TrafficTarget allows",
        charts=("osm",),
        values={"osm": {"osm": {"enablePermissiveTrafficPolicy": False}}},
    ),
)

INJECTION = Injection(
    mode="sidecar",
    namespace_labels={"openservicemesh.io/monitored-by": "osm"},
    namespace_annotations={"openservicemesh.io/sidecar-injection": "enabled"},
    pod_annotations={"openservicemesh.io/sidecar-injection": "enabled"},
    excluding_pod_annotations={"openservicemesh.io/sidecar-injection": "disabled"},
)

OPERATIONS = (
    Operation(
        key="open_service_mesh",
        text="Open Service Mesh",
        category="install",
        does="install",
    ),
    Operation(
        key="osm_bookstore_app",
        text="Bookstore Application",
        category="sample",
        does="sample",
        argument="bookstore",
    ),
    *COMMON,
)

MESH = Mesh(
    name="osm",
    title="Open Service Mesh",
    smp="OPEN_SERVICE_MESH",
    port=10009,
    status=STATUS,
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    profiles=PROFILES,
    charts=CHARTS,
    kinds=KINDS,
    operations=OPERATIONS,
    validators=VALIDATORS,
    migrations=MIGRATIONS,
)
