"""Prometheus, Grafana, Jaeger, Kiali and Zipkin beside the meshes."""

import pytest

from discovery.fingerprints.istio import istiod
from discovery.fingerprints.objects import Document, container, crd, service, workload
from meshery.discovery.fingerprints.addons import find_addons
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.model import AddOnFound
from meshery.discovery.fingerprints.snapshot import MemorySnapshot
from meshery.discovery.fingerprints.survey import survey


def found(*objects: Document) -> tuple[AddOnFound, ...]:
    return find_addons(MemorySnapshot(objects, cluster_name="test"), bundled_fingerprints())


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [
        ("m.io:5000/x/prometheus:v2.55.0", "prometheus", "2.55.0"),
        ("m.io/grafana/grafana:11.3.0", "grafana", "11.3.0"),
        ("m.io/jaegertracing/all-in-one:1.62.0", "jaeger", "1.62.0"),
        ("quay.io/kiali/kiali:v2.0", "kiali", "2.0"),
        ("openzipkin/zipkin-slim:3.4", "zipkin", "3.4"),
    ],
)
def test_by_image(image: str, name: str, version: str) -> None:
    [addon] = found(workload("Deployment", "x", "watch", container("c", image)))
    assert (addon.name, addon.version, addon.health, addon.service) == (
        *(name, version, "healthy", ""),
    )


def test_where_it_answers() -> None:
    labels = {"app": "kiali"}
    tool = workload("Deployment", "k", "watch", container("c", "m.io/kiali:v2.1"), labels=labels)
    [addon] = found(tool, service("kiali-web", "watch", port=20001, app="kiali"))
    assert (addon.service, addon.port) == ("kiali-web", 20001)


@pytest.mark.parametrize("image", ["acme/all-in-one:1", "acme/prometheus-adapter:1", "nginx"])
def test_what_is_none(image: str) -> None:
    assert found(workload("Deployment", "grafana", "x", container("prometheus", image))) == ()


def test_a_survey_finds_all_at_once() -> None:
    tool = workload("Deployment", "g", "watch", container("c", "m.io/grafana:11"))
    seen = survey(MemorySnapshot([*istiod(), tool, crd("meshes.kuma.io")]), bundled_fingerprints())
    assert [mesh.mesh for mesh in seen.meshes] == ["istio"]
    assert [addon.name for addon in seen.addons] == ["grafana"]
    assert [(left.mesh, left.objects) for left in seen.leftovers] == [("kuma", ("meshes.kuma.io",))]
