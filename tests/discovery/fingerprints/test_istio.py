"""Istio: revisions, sidecars of both kinds, ambient, gateways, remotes."""

from discovery.fingerprints.istio import (
    APP,
    CRDS,
    HOME,
    MIRROR,
    home_of,
    istiod,
    meshed,
)
from discovery.fingerprints.objects import (
    container,
    everything,
    injector,
    meta,
    namespace,
    only,
    pod,
    workload,
)

DIGEST = "sha256:" + "ab" * 32


def test_one_control_plane_and_its_pods() -> None:
    mesh = only(
        *istiod(),
        *CRDS,
        home_of("default"),
        meshed("web-1", "shop", owner=("StatefulSet", "web")),
        meshed("web-2", "shop", owner=("StatefulSet", "web"), native=True),
    )
    assert (mesh.mesh, mesh.build, mesh.version, mesh.state) == (
        *("istio", "upstream", "1.30.2", "installed"),
    )
    assert (mesh.cluster, mesh.namespace, mesh.revisions) == ("test", HOME, ("default",))
    assert (mesh.mesh_id, mesh.trust_domain, mesh.zone_role) == (
        *("acme", "acme.example.org", "primary"),
    )
    planes = mesh.data_planes
    assert (planes.proxies, planes.workloads, planes.eligible, planes.meshed) == (2, 1, 2, 2)
    assert (planes.coverage, planes.versions, planes.native_sidecars) == (1.0, {"1.30.2": 2}, 1)
    assert {each.type for each in mesh.evidence} == {
        *("image", "label", "crd", "webhook", "config-map", "proxy"),
    }
    assert mesh.confidence > 0.9


def test_a_replica_that_is_not_ready_degrades_it() -> None:
    [plane] = only(*istiod(ready=0)).control_planes
    assert (plane.ready, plane.desired, plane.health) == (0, 1, "down")
    assert only(*istiod(ready=0)).state == "degraded"


def test_revisions_are_control_planes_of_one_mesh() -> None:
    mesh = only(
        *istiod("1-29", "1.29.4"),
        *istiod("1-30", "1.30.2"),
        injector(
            "istio-revision-tag-prod",
            calls=(HOME, "istiod-1-30"),
            labels={"istio.io/tag": "prod", "istio.io/rev": "1-30"},
        ),
        home_of("1-29", "old"),
        home_of("prod", "new"),
        meshed("a", "old", version="1.29.4", revision="1-29"),
        meshed("b", "new", version="1.29.4", revision="1-30"),
        meshed("c", "new", version="1.30.2", revision="1-30"),
        meshed("d", "new", version="1.28.0", revision="1-28"),
    )
    assert (mesh.revisions, mesh.version) == (("1-29", "1-30"), "1.30.2")
    assert [plane.tags for plane in mesh.control_planes] == [(), ("prod",)]
    [skew] = mesh.data_planes.skewed
    assert (skew.pod, skew.version, skew.expected, skew.revision) == (
        *("b", "1.29.4", "1.30.2", "1-30"),
    )
    assert [(each.pod, each.revision) for each in mesh.data_planes.orphaned] == [("d", "1-28")]
    assert mesh.data_planes.versions == {"1.28.0": 1, "1.29.4": 2, "1.30.2": 1}


def test_another_trust_domain_is_another_mesh() -> None:
    first, second = everything(
        *istiod("a", home="north"),
        *istiod("b", home="south", mesh="trustDomain: other.example.org\n"),
        meshed("x", "shop", revision="b"),
    )
    assert {first.trust_domain, second.trust_domain} == {"acme.example.org", "other.example.org"}
    assert {each.namespace: each.data_planes.proxies for each in (first, second)} == {
        "north": 0,
        "south": 1,
    }


def test_a_digest_gets_its_version_from_elsewhere() -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta("n1"),
        "status": {"images": [{"names": [f"x.io/proxyv2@{DIGEST}", "x.io/proxyv2:1.30.2"]}]},
    }
    image = f"{MIRROR}/proxyv2@{DIGEST}"
    assert only(node, meshed("a", "shop", image=image)).data_planes.versions == {"1.30.2": 1}
    assert only(meshed("a", "shop", image=image)).data_planes.versions == {"unknown": 1}


def test_a_flavour_of_an_image_is_no_skew() -> None:
    mesh = only(*istiod(), meshed("a", "shop", version="1.30.2-distroless"))
    assert (mesh.data_planes.skewed, mesh.data_planes.versions) == ((), {"1.30.2": 1})


def test_a_control_plane_by_label_alone_is_unverified() -> None:
    mesh = only(*istiod(image="acme/traffic-brain:7"))
    assert (mesh.state, mesh.version) == ("unverified", "unknown")
    assert "not recognised" in mesh.notes[0]


def test_proxies_without_control_plane() -> None:
    mesh = only(meshed("a", "shop"), meshed("b", "shop"))
    assert (mesh.state, mesh.zone_role, mesh.version) == ("data-plane-only", "remote", "1.30.2")
    assert (mesh.data_planes.eligible, mesh.data_planes.coverage) == (2, 1.0)


def test_a_gateway_is_a_proxy_and_no_application() -> None:
    gateway = pod(
        "edge-1",
        "edge",
        container("istio-proxy", "istio/proxyv2:1.30.2", args=["proxy", "router"]),
        owner=("ReplicaSet", "edge-77"),
        labels={"pod-template-hash": "77"},
    )
    planes = only(*istiod(), gateway).data_planes
    assert (planes.proxies, planes.gateways, planes.eligible, planes.coverage) == (1, 1, 0, None)
    [edge] = planes.by_workload
    assert (edge.kind, edge.name, edge.role) == ("Deployment", "edge", "gateway")


def ambient(*, ready: int = 1) -> list[dict[str, object]]:
    agents = (("ztunnel", "ztunnel:1.30.2"), ("redirect", "install-cni:1.30.2"))
    return [
        workload("DaemonSet", name, HOME, container("x", f"{MIRROR}/istio/{image}"), ready=ready)
        for name, image in agents
    ]


def test_ambient_pods_and_waypoints() -> None:
    labels = {"istio.io/dataplane-mode": "ambient"}
    captured = {"ambient.istio.io/redirection": "enabled"}
    way = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": meta("way", "bank"),
        "spec": {"gatewayClassName": "istio-waypoint"},
        "status": {"conditions": [{"type": "Programmed", "status": "True"}]},
    }
    proxy = container("istio-proxy", "istio/proxyv2:1.30.2", args=["proxy", "waypoint"])
    mesh = only(
        *istiod(),
        *ambient(),
        namespace("bank", labels=labels),
        pod("a", "bank", APP, annotations=captured),
        pod("b", "bank", APP),
        pod("c", "bank", APP, labels={"istio.io/dataplane-mode": "none"}),
        pod("way-1", "bank", proxy),
        way,
    )
    planes = mesh.data_planes
    assert (planes.ambient, planes.eligible, planes.meshed) == (1, 2, 1)
    assert (planes.proxies, planes.node_proxies, planes.sidecars) == (2, 1, 0)
    assert [(each.name, each.programmed) for each in planes.waypoints] == [("way", True)]
    assert {each.name: each.role for each in planes.node_agents} == {
        "ztunnel": "proxy",
        "redirect": "cni",
    }
    reasons = {each.pod: (each.reason, each.eligible) for each in planes.not_injected}
    assert reasons == {"b": ("not-captured", True), "c": ("disabled-on-pod", False)}
    assert mesh.state == "installed"


def test_ambient_without_ready_agents() -> None:
    mesh = only(
        *istiod(),
        *ambient(ready=0),
        namespace("bank", labels={"istio.io/dataplane-mode": "ambient"}),
        pod("a", "bank", APP),
    )
    [left] = mesh.data_planes.not_injected
    assert (left.reason, mesh.state) == ("node-agent-missing", "degraded")


def test_a_nodes_proxy_is_held_against_the_control_planes() -> None:
    assert only(*istiod("1-29", "1.29.4"), *istiod("1-30"), *ambient()).data_planes.skewed == ()
    [skew] = only(*istiod("1-29", "1.29.4"), *ambient()).data_planes.skewed
    assert (skew.workload, skew.pod, skew.version, skew.expected) == (
        *("ztunnel", "", "1.30.2", "1.29.4"),
    )


def test_the_cni_plug_in_alone() -> None:
    assert only(ambient()[1]).state == "cni-only"


def test_remote_clusters_by_the_names_of_their_secrets() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta("istio-remote-secret-west", HOME, labels={"istio/multiCluster": "true"}),
        "data": {"west": "[REDACTED]"},
    }
    other = {**secret, "metadata": meta("west", HOME)}
    [peer] = only(*istiod(), secret, other).peers
    assert (peer.name, peer.via) == ("west", "remote-secret")
    bare = {key: value for key, value in secret.items() if key != "data"}
    assert [each.name for each in only(*istiod(), bare).peers] == ["west"]


def test_pods_are_enough_where_workloads_may_not_be_read() -> None:
    control = pod(
        "istiod-5d4-x",
        HOME,
        container("discovery", "istio/pilot:1.30.2"),
        labels={"app": "istiod", "pod-template-hash": "5d4"},
        owner=("ReplicaSet", "istiod-5d4"),
    )
    mesh = only(control)
    [plane] = mesh.control_planes
    assert (plane.kind, plane.name, plane.ready, mesh.state) == (
        *("Deployment", "istiod", 1, "installed"),
    )
