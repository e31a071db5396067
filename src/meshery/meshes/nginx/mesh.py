"""NGINX Service Mesh as data."""

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
from meshery.meshes.nginx.checks import VALIDATORS
from meshery.meshes.nginx.kinds import KINDS
from meshery.meshes.nginx.migrate import MIGRATIONS
from meshery.meshes.nginx.table import render
from meshery.meshes.operations import COMMON

_REPOSITORY = "https://helm.nginx.com/stable"
_CHART = "nginx-service-mesh"

VERSIONS = Versions(
    known=(
        Version(
            name="2.0.0", released="2023-04-25", kubernetes=("1.22", ""), charts={_CHART: "2.0.0"}
        ),
        Version(name="1.7.0", kubernetes=("1.22", ""), charts={_CHART: "0.7.0"}),
        Version(name="1.6.0", kubernetes=("1.22", ""), charts={_CHART: "0.6.0"}),
    ),
    as_of="2026-11-22",
    source="nginxinc/nginx-service-mesh: release notes 2.0.0, about/tech-specs.md, Chart.yaml of "
    "0.6.0; that chart 0.7.0 carries 1.7.0 is taken from their row, the dates of both are not "
    "verified",
    index=Index(url=_REPOSITORY, chart=_CHART),
)

STATUS = Status(
    state="ended",
    since="2024-03-14",
    as_of="2026-11-21",
    source="https://github.com/nginxinc/nginx-service-mesh (archived; end of sale 2023-07-01)",
    advice="move to Istio (mesh migrate nginx istio translates its policies); for ingress alone "
    "NGINX Gateway Fabric goes on",
    has_installer=True,
)

CHARTS = (
    Chart(
        name=_CHART,
        repository=_REPOSITORY,
        release="nginx-service-mesh",
        namespace="nginx-mesh",
        crds=True,
    ),
)

PROFILES = (
    Profile(
        name="default",
        summary="Mutual TLS where both sides speak it, everything may call everything",
        charts=(_CHART,),
        values={_CHART: {"mtls": {"mode": "permissive"}, "accessControlMode": "allow"}},
    ),
    Profile(
        name="strict",
        summary="Mutual TLS always, and only what a TrafficTarget allows",
        charts=(_CHART,),
        values={_CHART: {"mtls": {"mode": "strict"}, "accessControlMode": "deny"}},
    ),
)

_AUTO_INJECT = "injector.nsm.nginx.com/auto-inject"
INJECTION = Injection(
    mode="sidecar",
    namespace_labels={_AUTO_INJECT: "enabled"},
    pod_labels={_AUTO_INJECT: "enabled"},
    excluding_pod_labels={_AUTO_INJECT: "disabled"},
)

OPERATIONS = (
    Operation(
        key="nginx_service_mesh",
        text="Nginx Service Mesh",
        category="install",
        does="install",
    ),
    Operation(
        key="label-namespace",
        text="Automatic Sidecar Injection",
        category="configure",
        does="inject",
    ),
    *COMMON,
)

MESH = Mesh(
    name="nginx",
    title="NGINX Service Mesh",
    smp="NGINX_SERVICE_MESH",
    port=10010,
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
