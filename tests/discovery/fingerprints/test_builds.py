"""Managed and vendor builds are told apart from the project's own."""

import pytest

from discovery.fingerprints.istio import APP, istiod
from discovery.fingerprints.objects import (
    Document,
    container,
    crd,
    meta,
    namespace,
    only,
    pod,
    workload,
)


def plane(image: str, labels: dict[str, str], **annotations: str) -> Document:
    marks = {key.replace("__", "/").replace("_", "-"): value for key, value in annotations.items()}
    return workload(
        "Deployment", "cp", "any", container("c", image), labels=labels, annotations=marks
    )


ISTIO = {"app": "istiod", "istio.io/rev": "default"}
ASM = {"app": "istiod", "istio.io/rev": "asm-1-24"}
LINKERD = {"linkerd.io/control-plane-component": "destination"}
KUMA = {"app": "kuma-control-plane", "app.kubernetes.io/name": "kuma"}
AKS = {"kubernetes.azure.com/managedby": "aks"}
RELEASE = {"meta.helm.sh__release_name": "x"}

CASES = [
    ("istio/pilot:1.24.1", ISTIO, "upstream"),
    ("mirror.io/istio/pilot:1.24.1", ASM, "upstream"),
    ("mcr.microsoft.com/oss/istio/pilot:1.24.1", ASM, "aks-istio-addon"),
    ("mirror.io/oss/istio/pilot:1.24.1", {**ASM, **AKS}, "aks-istio-addon"),
    ("gcr.io/gke-release/asm/pilot:1.21.5-asm.7", ISTIO, "google-cloud-service-mesh"),
    ("mirror.io/pilot:1.21.5-asm.7", ISTIO, "google-cloud-service-mesh"),
    ("mirror.io/x/istio-pilot-rhel9:3.1", ISTIO, "openshift-service-mesh"),
    ("mirror.io/pilot:1.24", {**ISTIO, "maistra.io/owner": "m"}, "openshift-service-mesh"),
    ("mirror.io/istio/pilot:1.24.1-solo", ISTIO, "solo-istio"),
    ("cr.l5d.io/linkerd/controller:edge-26.9.1", LINKERD, "upstream"),
    ("mirror.io/controller:enterprise-2.20.2", LINKERD, "buoyant-enterprise-for-linkerd"),
    ("ghcr.io/buoyantio/controller:2.18", LINKERD, "buoyant-enterprise-for-linkerd"),
    ("docker.io/kumahq/kuma-cp:3.0.1", KUMA, "upstream"),
    ("docker.io/kong/kuma-cp:2.13.0", KUMA, "kong-mesh"),
    ("mirror.io/kuma-cp:2.13.0", {"app.kubernetes.io/name": "kong-mesh"}, "kong-mesh"),
]


@pytest.mark.parametrize(("image", "labels", "build"), CASES)
def test_by_image_and_label(image: str, labels: dict[str, str], build: str) -> None:
    assert only(plane(image, labels)).build == build


def test_by_the_release_that_helm_made() -> None:
    made = {"meta.helm.sh/release-name": "azure-service-mesh-istio-discovery"}
    document = workload(
        "Deployment", "i", "x", container("c", "m.io/pilot:1.24"), labels=ASM, annotations=made
    )
    assert only(document).build == "aks-istio-addon"


def test_by_kinds_that_only_the_vendor_has() -> None:
    assert only(*istiod(), crd("servicemeshcontrolplanes.maistra.io")).build == (
        "openshift-service-mesh"
    )
    assert only(plane("m.io/kuma-cp:2.13.0", KUMA), crd("opapolicies.kuma.io")).build == "kong-mesh"


def test_a_control_plane_that_google_runs() -> None:
    managed = {
        "apiVersion": "mesh.cloud.google.com/v1beta1",
        "kind": "ControlPlaneRevision",
        "metadata": meta("asm-managed", "any"),
        "status": {"conditions": [{"type": "Reconciled", "status": "True"}]},
    }
    proxy = container("istio-proxy", "gcr.io/gke-release/asm/proxyv2:1.21.5-asm.7")
    marks = {"sidecar.istio.io/status": '{"revision":"asm-managed"}'}
    mesh = only(
        managed,
        namespace("shop", labels={"istio.io/rev": "asm-managed"}),
        pod("a", "shop", APP, proxy, annotations=marks),
    )
    assert (mesh.build, mesh.state, mesh.revisions) == (
        *("google-cloud-service-mesh", "installed", ("asm-managed",)),
    )
    assert [each.managed for each in mesh.control_planes] == [True]
    assert (mesh.version, mesh.data_planes.orphaned) == ("1.21.5-asm.7", ())
