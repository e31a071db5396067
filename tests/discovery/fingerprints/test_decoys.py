"""What looks like a mesh and is none must yield nothing."""

import pytest

from discovery.fingerprints.objects import (
    config_map,
    container,
    crd,
    everything,
    injector,
    namespace,
    only,
    pod,
    service,
    workload,
)
from meshery.discovery.fingerprints.leftovers import find_leftovers
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.snapshot import MemorySnapshot

WEB = container("web", "nginx:1.27")
USUAL = ["istio-system", "linkerd", "consul", "kuma-system", "osm-system", "cilium", "nginx-mesh"]


def test_an_empty_cluster() -> None:
    assert everything() == ()


@pytest.mark.parametrize("name", USUAL)
def test_a_namespace_by_a_famous_name(name: str) -> None:
    found = everything(
        namespace(name, labels={"istio-injection": "enabled"}),
        workload("Deployment", name, name, WEB),
        pod("web-1", name, WEB),
    )
    assert found == ()


@pytest.mark.parametrize(
    "name",
    [
        "proxy",
        "istio-proxy",
        "linkerd-proxy",
        "envoy",
        "kuma-sidecar",
        "consul-dataplane",
        "octarine",
    ],
)
def test_a_container_by_a_famous_name(name: str) -> None:
    assert everything(pod("web-1", "shop", WEB, container(name, "nginx:1.27"))) == ()


@pytest.mark.parametrize(
    "image",
    [
        *("acme/proxy:2.1", "acme/pilot:3", "acme/controller:1", "envoyproxy/envoy:v1.31"),
        *("acme/operator:1", "acme/mesh:1", "traefik:v3.1", "hashicorp/consul:1.20.0"),
        *("acme/install-cni:1", "acme/consul-k8s-control-plane-docs:1", "acme/policy-controller"),
    ],
)
def test_an_image_by_a_common_name(image: str) -> None:
    found = everything(
        workload("Deployment", "thing", "shop", container("thing", image)),
        workload("DaemonSet", "thing", "shop", container("thing", image)),
        pod("thing-1", "shop", WEB, container("proxy", image)),
    )
    assert found == ()


def test_labels_of_a_control_plane_on_something_else() -> None:
    labels = {"app": "istiod", "istio.io/rev": "default"}
    assert everything(workload("Deployment", "istiod", "shop", WEB, labels=labels)) == ()


def test_the_mark_of_a_proxy_without_one() -> None:
    marks = {
        "sidecar.istio.io/status": "{}",
        "ambient.istio.io/redirection": "enabled",
        "linkerd.io/proxy-version": "edge-26.9.1",
        "kuma.io/sidecar-injected": "true",
    }
    assert everything(pod("web-1", "shop", WEB, annotations=marks)) == ()


def test_servers_of_consul_alone_are_a_store() -> None:
    server = workload(
        "StatefulSet",
        "consul-server",
        "store",
        container("consul", "hashicorp/consul:1.20.1"),
        labels={"app": "consul", "component": "server"},
    )
    assert everything(server, crd("servicedefaults.consul.hashicorp.com")) == ()


def test_a_load_balancer_of_citrix_alone() -> None:
    cpx = container("cpx", "quay.io/netscaler/netscaler-cpx:14.1")
    assert everything(pod("cpx-1", "edge", cpx)) == ()


LEFT = [
    crd("virtualservices.networking.istio.io"),
    crd("authorizationpolicies.security.istio.io"),
    crd("meshes.kuma.io"),
    namespace("istio-system"),
    config_map("istio-ca-root-cert", "istio-system", {"root-cert.pem": ""}),
    injector("istio-sidecar-injector", calls=("istio-system", "istiod")),
]


def test_what_a_removed_mesh_left_is_a_note() -> None:
    assert everything(*LEFT) == ()
    left = find_leftovers(MemorySnapshot(LEFT), bundled_fingerprints(), ())
    assert {(each.mesh, each.type): len(each.objects) for each in left} == {
        ("istio", "crd"): 2,
        ("istio", "webhook"): 1,
        ("kuma", "crd"): 1,
    }


def test_a_service_with_nothing_behind_it_is_left_over_too() -> None:
    assert everything(*LEFT, service("istiod", "istio-system", app="istiod")) == ()


def test_an_injector_that_is_served_from_outside_is_told_as_unverified() -> None:
    hook = injector("istio-sidecar-injector", url="https://istiod.example.org:15017/inject")
    mesh = only(hook, crd("virtualservices.networking.istio.io"))
    assert (mesh.mesh, mesh.state, mesh.control_planes) == ("istio", "unverified", ())
    assert "istiod.example.org" in mesh.notes[0]
    assert mesh.confidence < 0.6


def test_a_finished_pod_carries_nothing() -> None:
    proxy = container("istio-proxy", "istio/proxyv2:1.24.1")
    assert everything(pod("job-1", "shop", WEB, proxy, phase="Succeeded")) == ()


def test_an_init_container_that_ends_is_no_proxy() -> None:
    """`istio-init` has the proxy's image, sets redirection and ends."""
    ends = container("istio-init", "istio/proxyv2:1.24.1")
    assert everything(pod("web-1", "shop", WEB, init=(ends,))) == ()
