"""Traefik Mesh as data."""

from meshery.adapters.mesh import (
    Chart,
    Index,
    Injection,
    Mesh,
    NativeKind,
    Operation,
    Profile,
    Status,
    Version,
    Versions,
)
from meshery.meshes.operations import COMMON
from meshery.meshes.schema import ANY, one_of, resource, text
from meshery.meshes.smi.kinds import smi_kinds
from meshery.meshes.traefik_mesh.checks import VALIDATORS
from meshery.meshes.traefik_mesh.migrate import MIGRATIONS
from meshery.meshes.traefik_mesh.table import (
    BREAKER,
    BURST,
    DIALECT,
    PREFIX,
    RATE,
    RETRY,
    render,
)

_REPOSITORY = "https://helm.traefik.io/mesh"
_CHART = "traefik-mesh"

VERSIONS = Versions(
    known=(
        Version(name="1.4.8", kubernetes=("1.21", "1.23")),
        Version(name="1.4.5", kubernetes=("1.21", "1.23")),
        Version(name="1.4.1", charts={_CHART: "3.0.8"}),
    ),
    as_of="2026-11-22",
    source="traefik/mesh docs/content/compatibility.md (Kubernetes; it says that others may work) "
    "and traefik/mesh-helm-chart Chart.yaml (3.0.8 carries 1.4.1); dates and the charts of later "
    "versions could not be verified: see the index",
    index=Index(url=_REPOSITORY, chart=_CHART),
)

STATUS = Status(
    state="dormant",
    as_of="2026-02-24",
    source="https://github.com/traefik/mesh/issues/870",
    advice="its maintainers develop Traefik Proxy instead and are open about this mesh's future; "
    "for a new installation take Linkerd or Istio (mesh migrate traefik-mesh linkerd)",
)

CHARTS = (
    Chart(
        name=_CHART,
        repository=_REPOSITORY,
        release="traefik-mesh",
        namespace="traefik-mesh",
        crds=True,
    ),
)

PROFILES = (
    Profile(
        name="default",
        summary="Everything may call everything by the mesh's names; no tools beside it",
        charts=(_CHART,),
        values={_CHART: {"tracing": {"deploy": False}, "metrics": {"deploy": False}}},
    ),
    Profile(
        name="acl",
        summary="Only what a TrafficTarget allows",
        charts=(_CHART,),
        values={
            _CHART: {
                "acl": True,
                "tracing": {"deploy": False},
                "metrics": {"deploy": False},
            }
        },
    ),
)

# Nothing joins a pod: callers call NAME.NAMESPACE.traefik.mesh. The annotation only tells what a
# Service speaks, and stands for its being looked after.
INJECTION = Injection(mode="service")

KINDS = (
    NativeKind(
        api_version="v1",
        kind="Service",
        summary="A Service whose annotations tell Traefik Mesh of retries, breakers and limits",
        schema=resource(
            None,
            metadata={
                "type": "object",
                "properties": {
                    "annotations": {
                        "type": "object",
                        "properties": {
                            f"{PREFIX}traffic-type": one_of("http", "tcp", "udp"),
                            f"{PREFIX}scheme": one_of("http", "https", "h2c"),
                            RETRY: text("^[1-9][0-9]*$"),
                            RATE: text("^[0-9]+$"),
                            BURST: text("^[0-9]+$"),
                            BREAKER: text("(Ratio|LatencyAtQuantileMS)[(]"),
                        },
                        "additionalProperties": {"type": "string"},
                    },
                    "labels": ANY,
                },
                "x-kubernetes-preserve-unknown-fields": True,
            },
        ),
    ),
    *smi_kinds(DIALECT),
)

OPERATIONS = (
    Operation(key="traefik_mesh", text="Traefik Mesh", category="install", does="install"),
    *COMMON,
)

MESH = Mesh(
    name="traefik-mesh",
    title="Traefik Mesh",
    smp="TRAEFIK_MESH",
    port=10006,
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
