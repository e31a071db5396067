"""Istio as data: releases in order, charts that fit together, operations to the letter."""

from meshery.adapters.ordering import newest_first
from meshery.behaviours.rendering import World
from meshery.meshes.istio.mesh import MESH


def test_releases_stand_newest_first_with_their_charts() -> None:
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names, MESH.versions.ordering)
    assert {name.rpartition(".")[0] for name in names} == {"1.31", "1.30", "1.29"}
    for each in MESH.versions.known:
        assert set(each.charts) == {chart.name for chart in MESH.charts}
        assert set(each.charts.values()) == {each.name}


def test_kubernetes_versions_are_told_only_where_the_vendor_does() -> None:
    found = {each.name: each.kubernetes for each in MESH.versions.known}
    assert found["1.29.0"] == ("1.31", "1.35")
    assert found["1.30.0"] == ("1.32", "1.36")
    assert found["1.31.0"] == ("", "")


def test_charts_come_after_what_they_need() -> None:
    keys = [chart.key for chart in MESH.charts]
    assert len(keys) == len(set(keys))
    for place, chart in enumerate(MESH.charts):
        assert set(chart.needs) <= set(keys[:place])
    assert [chart.name for chart in MESH.charts if chart.crds] == ["base"]
    assert [chart.name for chart in MESH.charts if not chart.revision_value] == ["base"]


def test_profiles_are_those_of_the_original_and_ambient() -> None:
    charts = {profile.name: profile.charts for profile in MESH.profiles}
    assert charts["minimal"] == ("base", "istiod")
    assert charts["default"] == (*charts["minimal"], "istio-ingressgateway")
    assert charts["demo"] == (*charts["default"], "istio-egressgateway")
    assert charts["ambient"] == ("base", "istiod", "cni", "ztunnel")
    by_key = {chart.key: chart for chart in MESH.charts}
    for profile in MESH.profiles:
        assert set(profile.values) <= set(profile.charts)
        for key in profile.charts:
            assert set(by_key[key].needs) <= set(profile.charts)


def test_workloads_join_by_label() -> None:
    assert MESH.injection is not None
    assert MESH.injection.namespace_labels == {"istio-injection": "enabled"}
    other = {each.name: each.injection for each in MESH.profiles if each.injection is not None}
    assert list(other) == ["ambient"]
    assert other["ambient"].namespace_labels == {"istio.io/dataplane-mode": "ambient"}


OPERATIONS = {
    "bookinfo": "Istio Book Info Application",
    "httpbin": "HTTPBin Application",
    "imagehub": "Image Hub Application",
    "emojivoto": "EmojiVoto Application",
    "custom": "Custom YAML",
    "smi_conformance": "SMI Conformance",
    "istio": "Istio Service Mesh",
    "label-namespace": "Automatic Sidecar Injection",
    "prometheus-addon": "Add-on: Prometheus",
    "grafana-addon": "Add-on: Grafana",
    "kiali-addon": "Add-on: Kiali",
    "jaeger-addon": "Add-on: Jaeger",
    "zipkin-addon": "Add-on: Zipkin",
    "istio-vet": "Analyze Running Configuration",
    "envoy-filter-operation": "Envoy Filter for Image Hub",
    "deny-all-policy-operation": "Policy: Deny-All",
    "strict-mtls-policy-operation": "Policy: Strict MTLS",
    "mutual-mtls-policy-operation": "Policy: Mutual MTLS",
    "disable-mtls-policy-operation": "Policy: Disable MTLS",
}


def test_operations_have_the_ids_and_texts_of_the_original() -> None:
    assert {each.key: each.text for each in MESH.operations} == OPERATIONS
    add_ons = {each.name for each in MESH.add_ons}
    assert {each.argument for each in MESH.operations if each.does == "add-on"} == add_ons


def test_policies_of_operations_are_one_object_whatever_the_mode() -> None:
    world = World(version="1.31.0", namespace="shop")
    made = {
        each.key: each.manifests(world)
        for each in MESH.operations
        if each.does == "manifest" and each.manifests is not None
    }
    assert len(made) == 4
    (denied,) = made.pop("deny-all-policy-operation")
    assert (denied["kind"], denied["spec"]) == ("AuthorizationPolicy", {})
    modes = {key: each[0]["spec"]["mtls"]["mode"] for key, each in made.items()}
    assert modes == {
        "strict-mtls-policy-operation": "STRICT",
        "mutual-mtls-policy-operation": "PERMISSIVE",
        "disable-mtls-policy-operation": "DISABLE",
    }
    names = {
        (each[0]["metadata"]["namespace"], each[0]["metadata"]["name"]) for each in made.values()
    }
    assert names == {("shop", "default")}
