"""Linkerd as data: versions, charts, trust, operations, checks."""

import pytest

from meshery.adapters.ordering import newest_first
from meshery.meshes.linkerd.mesh import MESH
from meshery.meshes.linkerd.versions import is_enterprise, line


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("edge-26.9.3", 20),
        ("edge-26.6.1", 19),
        ("edge-25.10.7", 19),
        ("edge-25.10.6", 18),
        ("edge-24.11.8", 17),
        ("edge-24.9.12", 16),
        ("edge-20.1.1", 12),
        ("stable-2.14.10", 14),
        ("2.14.10", 14),
        ("enterprise-2.20.2", 20),
        ("enterprise-2.18.4-hp1", 18),
        ("version-2.19", 19),
        ("something", 20),
    ],
)
def test_the_line_of_a_version(version: str, expected: int) -> None:
    assert line(version) == expected


def test_the_families_are_told_apart() -> None:
    channels = {each.name: each.channel for each in MESH.versions.known}
    assert channels["stable-2.14.10"] == "stable"
    assert channels["enterprise-2.20.2"] == "enterprise"
    assert channels["edge-26.9.3"] == "edge"
    assert is_enterprise("enterprise-2.20.2")
    assert not is_enterprise("edge-26.9.3")


def test_edge_versions_are_listed_newest_first() -> None:
    edges = [each.name for each in MESH.versions.known if each.channel == "edge"]
    assert edges == newest_first(edges, MESH.versions.ordering)


def test_every_chart_of_a_profile_is_there_after_what_it_needs() -> None:
    charts = {each.key: each for each in MESH.charts}
    for profile in MESH.profiles:
        for position, name in enumerate(profile.charts):
            assert set(charts[name].needs) <= set(profile.charts[:position]), profile.name
        assert set(profile.values) <= set(profile.charts)


def test_no_value_holds_a_key_and_the_paths_that_could_are_named() -> None:
    assert MESH.trust is not None
    for chart in MESH.charts:
        if not chart.name.endswith("control-plane"):
            continue
        identity = chart.values["identity"]
        assert identity == {"externalCA": True, "issuer": {"scheme": "kubernetes.io/tls"}}
        assert "identity.issuer.tls.keyPEM" in MESH.trust.secret_values[chart.key]
    assert MESH.trust.stores["issuer"].type == "kubernetes.io/tls"


def test_the_operations_of_the_original() -> None:
    assert [each.key for each in MESH.operations] == [
        "linkerd",
        "annotate-namespace",
        "jaeger-addon",
        "viz-addon",
        "multicluster-addon",
        "smi-addon",
        "bookinfo",
        "httpbin",
        "imagehub",
        "emojivoto",
        "custom",
        "smi_conformance",
    ]
    add_ons = {each.name for each in MESH.add_ons}
    assert {each.argument for each in MESH.operations if each.does == "add-on"} == add_ons
    assert (MESH.smp, MESH.port) == ("LINKERD", 10001)


def _object(
    kind: str, name: str, spec: dict[str, object], group: str = "policy.linkerd.io/v1"
) -> dict[str, object]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


SERVICE = _object("Service", "api", {}, "v1")
PARENT = {"kind": "Service", "name": "api"}
SERVER = _object("Server", "api", {"podSelector": {"matchLabels": {"app": "api"}}, "port": 80})
AUTHENTICATION = _object("MeshTLSAuthentication", "web", {"identities": ["*"]})
REF = {"kind": "MeshTLSAuthentication", "name": "web"}


def _route(**rule: object) -> dict[str, object]:
    group = "gateway.networking.k8s.io/v1"
    made = _object("HTTPRoute", "r", {"parentRefs": [PARENT], "rules": [rule]}, group)
    return dict(made)


ACCRUAL = "balancer.linkerd.io/failure-accrual"


def _accrual(**more: str) -> dict[str, object]:
    said = {ACCRUAL: "consecutive"}
    said |= {f"{ACCRUAL}-consecutive-{key}-penalty": value for key, value in more.items()}
    return {"kind": "Service", "metadata": {"name": "api", "annotations": said}}


RED = [
    ("routes", [SERVICE, _route(backendRefs=[{"name": "gone", "port": 80}])], "is not there"),
    ("routes", [_route(backendRefs=[{"name": "api", "port": 80, "weight": 0}])], "no weight"),
    ("routes", [_route(backendRefs=[{"name": "api"}])], "names no port"),
    ("routes", [_route(filters=[{"type": "RequestMirror"}])], "refuses RequestMirror"),
    ("annotations", [_accrual(min="2m")], "longer than the shortest"),
    ("annotations", [_accrual(min="soon")], "whole number with"),
    (
        "policies",
        [
            SERVER,
            _object(
                "AuthorizationPolicy",
                "p",
                {
                    "targetRef": {"kind": "Server", "name": "api"},
                    "requiredAuthenticationRefs": [REF],
                },
            ),
        ],
        "MeshTLSAuthentication shop/web is not there",
    ),
    (
        "policies",
        [SERVER, SERVER | {"metadata": {"name": "again", "namespace": "shop"}}],
        "the same port of the same pods",
    ),
    (
        "policies",
        [_object("HTTPLocalRateLimitPolicy", "l", {"targetRef": {"name": "api"}})],
        "Server shop/api is not there",
    ),
    (
        "profiles",
        [
            _route(),
            _object("ServiceProfile", "api.shop.svc.cluster.local", {}, "linkerd.io/v1alpha2"),
        ],
        "takes the place of this route",
    ),
    ("egress", [_object("EgressNetwork", "out", {"trafficPolicy": "Deny"})], "no route allows"),
]


@pytest.mark.parametrize(("check", "objects", "message"), RED)
def test_what_a_check_finds(check: str, objects: list[dict[str, object]], message: str) -> None:
    (problem, *_) = MESH.validators[check](objects)
    assert message in problem.message
    assert "/" in problem.path


def test_an_unreadable_condition_of_retries() -> None:
    said = {"retry.linkerd.io/http": "5xx,sometimes", "retry.linkerd.io/grpc": "unavailable"}
    given = {"kind": "Service", "metadata": {"name": "api", "annotations": said}}
    (problem,) = MESH.validators["annotations"]([given])
    assert problem.path.endswith("retry.linkerd.io/http")


def test_what_is_right_is_green_for_every_check() -> None:
    right = [
        SERVICE,
        SERVER,
        AUTHENTICATION,
        _object(
            "AuthorizationPolicy",
            "p",
            {"targetRef": {"kind": "Server", "name": "api"}, "requiredAuthenticationRefs": [REF]},
        ),
        _route(backendRefs=[{"name": "api", "port": 80}]),
        _accrual(min="1s", max="1m"),
    ]
    assert [list(each(right)) for each in MESH.validators.values()] == [[]] * len(MESH.validators)
