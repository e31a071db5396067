"""The other meshes, each as its own charts leave it, in namespaces and registries of choice."""

from typing import Any

import pytest

from discovery.fingerprints.objects import (
    Document,
    config_map,
    container,
    crd,
    injector,
    meshes,
    meta,
    namespace,
    only,
    pod,
    workload,
)

MIRROR = "mirror.example.org:5000/cache"
APP = container("web", "acme/web:1.0")
DIGEST = "sha256:" + "cd" * 32


def custom(api_version: str, kind: str, name: str, **parts: Any) -> Document:
    return {"apiVersion": api_version, "kind": kind, "metadata": meta(name), **parts}


# Linkerd


def linkerd(version: str = "edge-26.9.1", home: str = "links") -> list[Document]:
    parts = [
        workload(
            "Deployment",
            name,
            home,
            container(name, f"{MIRROR}/l5d-mirror/controller:{version}"),
            container("linkerd-proxy", f"{MIRROR}/l5d-mirror/proxy:{version}"),
            labels={
                "linkerd.io/control-plane-component": name,
                "linkerd.io/control-plane-ns": home,
            },
        )
        for name in ("destination", "identity", "proxy-injector")
    ]
    values = "identityTrustDomain: acme.example.org\n"
    hook = injector("linkerd-proxy-injector-webhook-config", calls=(home, "proxy-injector"))
    return [*parts, config_map("linkerd-config", home, {"values": values}), hook]


def linked(name: str, version: str = "edge-26.9.1", home: str = "links") -> Document:
    return pod(
        name,
        "shop",
        APP,
        container("linkerd-proxy", f"{MIRROR}/any/proxy@{DIGEST}"),
        labels={"linkerd.io/control-plane-ns": home},
        annotations={"linkerd.io/proxy-version": version},
    )


def test_linkerd() -> None:
    home = namespace("shop", annotations={"linkerd.io/inject": "enabled"})
    out = pod("out", "shop", APP, annotations={"linkerd.io/inject": "disabled"})
    mesh = only(
        *linkerd(), home, linked("a"), linked("b", "edge-26.8.1"), pod("c", "shop", APP), out
    )
    assert (mesh.mesh, mesh.version, mesh.namespace, mesh.state) == (
        *("linkerd", "edge-26.9.1", "links", "installed"),
    )
    assert mesh.trust_domain == "acme.example.org"
    assert [each.component for each in mesh.control_planes] == [
        *("destination", "identity", "proxy-injector"),
    ]
    planes = mesh.data_planes
    assert (planes.proxies, planes.eligible, planes.coverage) == (2, 3, 0.6667)
    assert [each.pod for each in planes.skewed] == ["b"]
    assert {each.pod: each.reason for each in planes.not_injected} == {
        "c": "not-injected",
        "out": "disabled-on-pod",
    }


def test_a_part_of_linkerd_that_is_not_ready() -> None:
    parts = linkerd()
    parts[1]["status"]["readyReplicas"] = 0
    assert only(*parts).state == "degraded"


def test_links_of_linkerd_to_other_clusters() -> None:
    link = custom("multicluster.linkerd.io/v1alpha3", "Link", "west-link")
    named = {**link, "spec": {"targetClusterName": "west"}}
    [peer] = only(*linkerd(), named).peers
    assert (peer.name, peer.via, peer.object) == ("west", "multicluster-link", "Link/west-link")


def test_proxies_of_linkerd_that_mesh_no_application() -> None:
    proxy = container("linkerd-proxy", f"{MIRROR}/linkerd/proxy:edge-26.9.1")
    extension = {"linkerd.io/extension": "multicluster"}
    gate = {"config.linkerd.io/enable-gateway": "true"}
    own = {"linkerd.io/control-plane-ns": "links"}
    planes = only(
        *linkerd(),
        pod("destination-1", "links", APP, proxy, owner=("Deployment", "destination"), labels=own),
        pod(
            "gate",
            "joins",
            container("pause", "pause:3"),
            proxy,
            labels=extension,
            annotations=gate,
        ),
        pod("mirror", "joins", APP, proxy, labels=extension),
        linked("a"),
    ).data_planes
    assert (planes.control_plane_proxies, planes.gateways, planes.sidecars) == (2, 1, 1)
    assert (planes.proxies, planes.meshed, planes.eligible, planes.workloads) == (2, 1, 1, 1)


def test_a_namespace_that_proxies_name_in_vain() -> None:
    mesh = only(linked("a"))
    assert (mesh.state, mesh.namespace, mesh.versions) == ("data-plane-only", "", ())
    assert "links" in mesh.notes[0]
    assert only(linked("a"), namespace("links")).namespace == "links"


# Consul


def consul(*, default: str = "false") -> list[Document]:
    shell = f"exec consul-k8s-control-plane inject-connect \\\n  -default-inject={default} \\\n"
    return [
        workload(
            "StatefulSet",
            "c-server",
            "registry",
            container("consul", f"{MIRROR}/hashicorp/consul:1.21.1"),
            labels={"app": "consul", "component": "server"},
            replicas=3,
        ),
        workload(
            "Deployment",
            "c-connect-injector",
            "registry",
            container(
                "sidecar-injector",
                f"{MIRROR}/hashicorp/consul-k8s-control-plane:1.7.2@{DIGEST}",
                command=["/bin/sh", "-ec", shell],
            ),
            labels={"app": "consul", "component": "connect-injector"},
        ),
        injector("c-connect-injector", calls=("registry", "c-connect-injector")),
    ]


def joined(name: str, version: str = "1.7.0") -> Document:
    return pod(
        name,
        "shop",
        APP,
        container("consul-dataplane", f"{MIRROR}/hashicorp/consul-dataplane:{version}"),
        annotations={"consul.hashicorp.com/connect-inject": "true"},
        labels={"consul.hashicorp.com/connect-inject-status": "injected"},
    )


def test_consul() -> None:
    dialer = custom("consul.hashicorp.com/v1alpha1", "PeeringDialer", "east")
    synced = {**dialer, "status": {"conditions": [{"type": "Synced", "status": "True"}]}}
    wanted = pod("c", "shop", APP, annotations={"consul.hashicorp.com/connect-inject": "true"})
    server = '{"datacenter":"dc1"}'
    told = config_map("c-consul-server-config", "registry", {"server.json": server})
    mesh = only(*consul(), told, synced, joined("a"), joined("b", "1.6.1"), wanted)
    assert (mesh.mesh, mesh.version, mesh.state) == ("consul", "1.21.1", "installed")
    assert mesh.mesh_id == "dc1"
    assert [(each.name, each.state) for each in mesh.peers] == [("east", "connected")]
    assert [each.pod for each in mesh.data_planes.skewed] == ["b"]
    assert (mesh.data_planes.meshed, mesh.data_planes.eligible) == (2, 3)


def test_consul_that_injects_unless_told_not_to() -> None:
    out = pod("b", "shop", APP, annotations={"consul.hashicorp.com/connect-inject": "false"})
    planes = only(*consul(default="true"), pod("a", "shop", APP), out).data_planes
    assert (planes.eligible, [each.pod for each in planes.not_injected]) == (1, ["a"])


# Kuma


def kuma(image: str = f"{MIRROR}/kumahq/kuma-cp:3.0.1", **environment: str) -> list[Document]:
    settings = [{"name": name, "value": value} for name, value in environment.items()]
    return [
        workload(
            "Deployment",
            "cp",
            "bears",
            container("control-plane", image, env=settings),
            labels={"app": "kuma-control-plane"},
        ),
        custom("kuma.io/v1alpha1", "Mesh", "payments"),
        injector(
            "kuma-admission-mutating-webhook-configuration",
            calls=("bears", "cp"),
            objects={"matchLabels": {"kuma.io/sidecar-injection": "enabled"}},
        ),
    ]


def test_kuma_in_a_zone() -> None:
    proxy = container("kuma-sidecar", f"{MIRROR}/kumahq/kuma-dp:3.0.0", restartPolicy="Always")
    home = namespace("shop", labels={"kuma.io/sidecar-injection": "enabled"})
    told = {"kuma.io/sidecar-injection": "disabled"}
    mesh = only(
        *kuma(
            KUMA_MODE="zone",
            KUMA_MULTIZONE_ZONE_NAME="west",
            KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS="grpcs://global.example.org:5685",
        ),
        home,
        pod("a", "shop", APP, init=(proxy,)),
        pod("b", "shop", APP, labels=told),
    )
    assert (mesh.mesh, mesh.version, mesh.zone_role, mesh.zone) == (
        *("kuma", "3.0.1", "zone", "west"),
    )
    [peer] = mesh.peers
    assert (mesh.mesh_id, peer.name, peer.object) == (
        *("payments", "global.example.org", "grpcs://global.example.org:5685"),
    )
    assert (mesh.data_planes.native_sidecars, mesh.data_planes.eligible) == (1, 1)
    assert [each.expected for each in mesh.data_planes.skewed] == ["3.0.1"]


def test_kumas_global_control_plane_knows_its_zones() -> None:
    zones = [custom("kuma.io/v1alpha1", "Zone", name) for name in ("east", "west")]
    mesh = only(*kuma(KUMA_MODE="global"), *zones)
    assert (mesh.zone_role, [peer.name for peer in mesh.peers]) == ("global", ["east", "west"])


# Cilium


def cilium(**switches: str) -> list[Document]:
    agent = workload(
        "DaemonSet",
        "agent",
        "net",
        container("cilium-agent", f"{MIRROR}/cilium/cilium:v1.18.2"),
        labels={"k8s-app": "cilium"},
    )
    operator = workload(
        "Deployment",
        "operator",
        "net",
        container("operator", f"{MIRROR}/cilium/operator-generic:v1.18.2"),
        labels={"io.cilium/app": "operator"},
    )
    data = {"cluster-name": "west", **{k.replace("_", "-"): v for k, v in switches.items()}}
    return [agent, operator, config_map("cilium-config", "net", data), crd("c.cilium.io")]


def test_cilium_as_network_alone_is_no_mesh() -> None:
    mesh = only(*cilium(enable_l7_proxy="true", mesh_auth_enabled="true"), pod("a", "shop", APP))
    assert (mesh.mesh, mesh.state, mesh.version) == ("cilium", "cni-only", "1.18.2")
    assert (mesh.data_planes.eligible, mesh.data_planes.coverage) == (0, None)


@pytest.mark.parametrize(
    "switch", ["enable_gateway_api", "enable_envoy_config", "mesh_auth_mutual_enabled"]
)
def test_cilium_as_mesh(switch: str) -> None:
    agent = pod(
        "agent-1",
        "net",
        container("cilium-agent", f"{MIRROR}/cilium/cilium:v1.18.2"),
        owner=("DaemonSet", "agent"),
        nodeName="n1",
        hostNetwork=True,
    )
    apps = [pod("a", "shop", APP, nodeName="n1"), pod("b", "shop", APP, nodeName="n2")]
    mesh = only(*cilium(**{switch: "true"}), agent, *apps)
    planes = mesh.data_planes
    assert (mesh.state, mesh.zone) == ("installed", "west")
    assert (planes.meshed, planes.eligible, planes.ambient, planes.workloads) == (1, 2, 1, 1)
    assert [(each.pod, each.reason) for each in planes.not_injected] == [
        ("b", "node-agent-missing")
    ]
    assert (planes.node_proxies, planes.versions) == (1, {"1.18.2": 1})


def test_ciliums_own_envoy_is_its_proxy_and_counts_by_its_release() -> None:
    envoy = container("cilium-envoy", f"{MIRROR}/cilium/cilium-envoy:v1.34.10-17")
    daemon = workload("DaemonSet", "envoy", "net", envoy, replicas=3)
    relay = pod("relay", "net", container("relay", f"{MIRROR}/cilium/hubble-relay:v1.18.2"))
    planes = only(*cilium(enable_gateway_api="true"), daemon, relay).data_planes
    assert (planes.node_proxies, planes.versions, planes.eligible) == (3, {"1.18.2": 3}, 0)
    assert {each.name: each.role for each in planes.node_agents} == {
        "agent": "cni",
        "envoy": "proxy",
    }
    alone = only(*cilium(), daemon).data_planes
    assert (alone.node_proxies, alone.versions) == (0, {})


def test_cilium_whose_settings_may_not_be_read() -> None:
    parts = [each for each in cilium() if each["kind"] != "ConfigMap"]
    hidden = config_map("cilium-config", "net", {"enable-gateway-api": "[REDACTED]"})
    assert only(*parts).state == "unverified"
    assert only(*parts, hidden).state == "unverified"


def test_clusters_joined_by_cilium() -> None:
    keys = {"east": "", "common-etcd-client-ca.crt": "", "common-etcd-client.key": ""}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta("cilium-clustermesh", "net"),
        "data": keys,
    }
    assert [peer.name for peer in only(*cilium(), secret).peers] == ["east"]


# Those that ended, and the rest


ENDED = {
    "osm": [container("c", "mirror.io/osm-controller:v1.2.4")],
    "nginx": [container("c", "mirror.io/nsm/nginx-mesh-controller:2.0.0")],
    "app-mesh": [container("c", "mirror.io/appmesh-controller:v1.13.0")],
    "octarine": [container("c", "octarinesec/idcontroller:2.3.1")],
    "citrix": [container("c", "quay.io/citrix/cpx-istio-sidecar-injector:1.3.0")],
}


@pytest.mark.parametrize(("name", "containers"), ENDED.items(), ids=ENDED)
def test_a_mesh_that_ended(name: str, containers: list[Document]) -> None:
    mesh = only(workload("Deployment", "x", "somewhere", *containers))
    assert (mesh.mesh, mesh.state) == (name, "ended")
    assert "ended" in mesh.notes[0]


def test_osm_pods_carry_a_plain_envoy() -> None:
    home = namespace("shop", annotations={"openservicemesh.io/sidecar-injection": "enabled"})
    envoy = container("envoy", "envoyproxy/envoy:v1.27.0")
    meshed = pod("a", "shop", APP, envoy, labels={"osm-proxy-uuid": "1"})
    mesh = only(
        workload("Deployment", "x", "y", *ENDED["osm"]), home, meshed, pod("b", "shop", APP)
    )
    assert (mesh.data_planes.proxies, mesh.data_planes.coverage) == (1, 0.5)


def test_cpx_beside_istio() -> None:
    cpx = container("cpx", "quay.io/citrix/citrix-k8s-cpx-ingress:13.0")
    adaptor = container("adaptor", "quay.io/citrix/citrix-xds-adaptor:0.9.9")
    istiod = workload("Deployment", "istiod", "mesh", container("d", "istio/pilot:1.14.1"))
    found = meshes(istiod, pod("a", "shop", APP, cpx, adaptor))
    assert {name: mesh.state for name, mesh in found.items()} == {
        "istio": "installed",
        "citrix": "ended",
    }


def test_traefik_mesh() -> None:
    labels = {"app": "maesh", "component": "controller"}
    proxies = {"app": "maesh", "component": "maesh-mesh"}
    mesh = only(
        workload("Deployment", "x", "a", container("c", "r.io/traefik/mesh:v1.4.8"), labels=labels),
        workload("DaemonSet", "y", "a", container("p", "r.io/x/traefik:v2.8"), labels=proxies),
    )
    assert (mesh.mesh, mesh.version, mesh.state) == ("traefik-mesh", "1.4.8", "installed")
    assert [agent.name for agent in mesh.data_planes.node_agents] == ["y"]


def test_network_service_mesh() -> None:
    mirror = "r.io/ghcr/networkservicemesh"
    mesh = only(
        workload("DaemonSet", "m", "a", container("c", f"{mirror}/cmd-nsmgr:v1.14.0")),
        workload("Deployment", "r", "a", container("c", f"{mirror}/cmd-registry-k8s:v1.14.0")),
        workload("DaemonSet", "f", "a", container("c", f"{mirror}/cmd-forwarder-vpp:v1.14.0")),
        pod("p", "shop", APP, container("nsc", f"{mirror}/cmd-nsc:v1.14.1")),
    )
    assert (mesh.mesh, mesh.version, mesh.state) == ("nsm", "1.14.0", "installed")
    assert (mesh.data_planes.proxies, mesh.data_planes.skewed) == (1, ())


def test_tanzu() -> None:
    image = "r.io/tsm/tsm-agent-operator:3.1.0"
    assert only(workload("Deployment", "o", "any", container("c", image))).mesh == "tanzu"


def test_all_five_in_one_cluster() -> None:
    found = meshes(
        *linkerd(),
        *consul(),
        *kuma(),
        *cilium(enable_gateway_api="true"),
        workload("Deployment", "i", "t", container("d", "istio/pilot:1.30.2")),
        *(linked("l"), joined("c"), pod("plain", "shop", APP)),
    )
    assert set(found) == {"istio", "linkerd", "consul", "kuma", "cilium"}
    assert {name: each.data_planes.proxies for name, each in found.items()} == {
        "istio": 0,
        "linkerd": 1,
        "consul": 1,
        "kuma": 0,
        "cilium": 1,
    }


MARKED: list[tuple[str, Document, dict[str, Any], dict[str, Any]]] = [
    (
        "app-mesh",
        ENDED["app-mesh"][0],
        {"labels": {"appmesh.k8s.aws/sidecarInjectorWebhook": "enabled"}},
        {"annotations": {"appmesh.k8s.aws/sidecarInjectorWebhook": "disabled"}},
    ),
    (
        "nginx",
        ENDED["nginx"][0],
        {"labels": {"injector.nsm.nginx.com/auto-inject": "enabled"}},
        {"annotations": {"injector.nsm.nginx.com/auto-inject": "false"}},
    ),
    (
        "osm",
        ENDED["osm"][0],
        {"annotations": {"openservicemesh.io/sidecar-injection": "enabled"}},
        {"annotations": {"openservicemesh.io/sidecar-injection": "disabled"}},
    ),
    (
        "kuma",
        container("cp", "kumahq/kuma-cp:3.0.1"),
        {"labels": {"kuma.io/sidecar-injection": "enabled"}},
        {"labels": {"kuma.io/sidecar-injection": "disabled"}},
    ),
]


@pytest.mark.parametrize(
    ("name", "plane", "asks", "refuses"), MARKED, ids=lambda each: str(each)[:9]
)
def test_marks_that_ask_for_a_proxy_and_refuse_it(
    name: str, plane: Document, asks: dict[str, Any], refuses: dict[str, Any]
) -> None:
    mesh = only(
        workload("Deployment", "x", "y", plane),
        namespace("shop", **asks),
        pod("a", "shop", APP),
        pod("b", "shop", APP, **refuses),
    )
    found = {each.pod: (each.reason, each.eligible) for each in mesh.data_planes.not_injected}
    assert mesh.mesh == name
    assert found == {"a": ("webhook-missing", True), "b": ("disabled-on-pod", False)}
    assert (mesh.data_planes.eligible, mesh.data_planes.coverage) == (1, 0.0)
