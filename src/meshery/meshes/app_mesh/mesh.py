"""AWS App Mesh as data; why nothing of it is installed any more says the package."""

from meshery.adapters.mesh import Index, Injection, Mesh, Status, Version, Versions
from meshery.meshes.app_mesh.checks import VALIDATORS
from meshery.meshes.app_mesh.kinds import KINDS
from meshery.meshes.app_mesh.migrate import MIGRATIONS
from meshery.meshes.app_mesh.table import render
from meshery.meshes.operations import COMMON

# Those of the controller; the service itself had none.
VERSIONS = Versions(
    known=(
        Version(name="1.13.1"),
        Version(name="1.12.7", charts={"appmesh-controller": "1.12.7"}),
    ),
    as_of="2026-11-22",
    source="aws/eks-charts (appmesh-controller 1.12.7) and the CRD schemas of 1.13.1 that the "
    "original's adapter ships; their dates could not be verified",
    index=Index(url="https://aws.github.io/eks-charts", chart="appmesh-controller"),
)

STATUS = Status(
    state="ended",
    since="2026-09-30",
    as_of="2026-11-21",
    source="https://aws.amazon.com/blogs/containers/"
    "migrating-from-aws-app-mesh-to-amazon-ecs-service-connect/",
    advice="its API is gone: move EKS workloads to Istio (mesh migrate app-mesh istio) or VPC "
    "Lattice, ECS ones to Service Connect. Delete its objects with the controller stopped: they "
    "may have finalizers that nobody takes off any more",
    has_installer=False,
)

_WEBHOOK = "appmesh.k8s.aws/sidecarInjectorWebhook"
INJECTION = Injection(
    mode="sidecar",
    namespace_labels={_WEBHOOK: "enabled"},
    pod_annotations={_WEBHOOK: "enabled"},
    excluding_pod_annotations={_WEBHOOK: "disabled"},
)

MESH = Mesh(
    name="app-mesh",
    title="AWS App Mesh",
    smp="APP_MESH",
    port=10005,
    status=STATUS,
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    kinds=KINDS,
    operations=tuple(each for each in COMMON if each.does in ("sample", "custom")),
    validators=VALIDATORS,
    migrations=MIGRATIONS,
)
