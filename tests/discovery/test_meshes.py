"""The documents of `mesh list` and `mesh landscape`."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from clusters.script import SCRIPTS
from discovery.clusters import surveyed
from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.discovery.landscape import landscape
from meshery.discovery.meshes import (
    ClusterSurvey,
    landscape_items,
    mesh_items,
    the_mesh,
)

READ, LATER = (datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (12, 13))
SURVEYS = [ClusterSurvey(f"uid-{name}", name, READ, surveyed(name)) for name in SCRIPTS]
ITEMS = mesh_items(SURVEYS)


def document(item: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(item))
    return found


def test_all_meshes_of_all_clusters() -> None:
    assert [each.name for each in ITEMS] == [
        *("cilium-cni/cilium", "cilium-mesh/cilium"),
        *("main/consul", "main/istio", "main/kuma", "main/linkerd"),
        *("remains/istio", "remains/linkerd", "remains/osm"),
    ]
    assert len({each.id for each in ITEMS}) == len(ITEMS)
    assert [each.id for each in mesh_items(SURVEYS)] == [each.id for each in ITEMS]


def test_the_shape_of_an_item() -> None:
    istio = document(the_mesh(ITEMS, "main/istio"))
    assert set(istio) == {
        *("id", "name", "mesh", "title", "build", "version", "versions", "cluster", "cluster_id"),
        *("namespace", "state", "control_planes", "data_planes", "evidence", "confidence"),
        *("revisions", "mesh_id", "trust_domain", "network", "zone", "zone_role", "peers"),
        *("notes", "read_at", "standing", "certificate_expires_at", "current", "advice"),
        *("add_ons", "watch"),
    }
    assert {"proxies", "workloads", "eligible", "coverage", "versions", "skewed"} <= set(
        istio["data_planes"]
    )
    assert set(istio["evidence"][0]) == {"type", "object", "value", "weight"}
    assert set(istio["data_planes"]["skewed"][0]) == {
        *("namespace", "workload", "pod", "version", "expected", "revision"),
    }
    assert set(istio["data_planes"]["not_injected"][0]) == {
        *("namespace", "workload", "pod", "reason", "message", "eligible", "revision"),
    }


def test_what_an_item_says() -> None:
    istio = document(the_mesh(ITEMS, "main/istio"))
    assert (istio["state"], istio["standing"], istio["read_at"]) == (
        *("installed", "active", "2026-11-21T12:00:00Z"),
    )
    assert istio["certificate_expires_at"] == "2027-01-12T00:00:00Z"
    assert [each["name"] for each in istio["add_ons"]][:2] == ["grafana", "jaeger"]
    assert istio["current"]["as_of"]


def test_when_it_was_read_makes_no_other_item() -> None:
    later = mesh_items([msgspec.structs.replace(each, read_at=LATER) for each in SURVEYS])
    assert [each.undated() for each in later] == [each.undated() for each in ITEMS]
    assert later[0] != ITEMS[0]
    assert later[0].undated() != ITEMS[1].undated()


def test_a_mesh_that_ended_comes_with_advice() -> None:
    osm = the_mesh(ITEMS, "osm")
    assert (osm.state, osm.standing) == ("ended", "archived")
    assert osm.advice is not None
    assert osm.advice.source


def test_one_mesh_by_id_or_name() -> None:
    kuma = the_mesh(ITEMS, "kuma")
    assert the_mesh(ITEMS, kuma.id) is kuma
    assert the_mesh(ITEMS, "main/kuma") is kuma
    with pytest.raises(InvalidInputError, match="istio") as several:
        the_mesh(ITEMS, "istio")
    assert "main/istio, remains/istio" in several.value.remedy
    with pytest.raises(NotFoundError):
        the_mesh(ITEMS, "maesh")


def test_several_of_one_mesh_are_told_apart_by_namespace() -> None:
    survey = surveyed("main")
    istio = next(each for each in survey.meshes if each.mesh == "istio")
    other = msgspec.structs.replace(istio, namespace="mesh-ctl-2")
    twice = msgspec.structs.replace(survey, meshes=(istio, other))
    items = mesh_items([ClusterSurvey("uid", "main", READ, twice)])
    assert [each.name for each in items] == ["main/istio/mesh-ctl", "main/istio/mesh-ctl-2"]
    assert items[0].id != items[1].id


def test_the_landscape_shows_what_is_here() -> None:
    items = landscape_items(SURVEYS)
    assert [each.mesh for each in items] == [each.mesh for each in landscape()]
    by_name = {each.name: each for each in items}
    assert [each.name for each in by_name["istio"].found] == ["main/istio", "remains/istio"]
    assert (by_name["linkerd"].found[0].version, by_name["linkerd"].found[0].proxies) == (
        *("edge-26.9.1", 29),
    )
    [left] = by_name["osm"].leftovers
    assert (left.cluster, left.type) == ("main", "crd")
    assert by_name["traefik-mesh"].found == ()
    assert set(document(by_name["osm"])) >= {
        *("mesh", "title", "standing", "state", "strengths", "supports", "advice"),
        *("found", "leftovers"),
    }


def test_the_landscape_without_a_cluster() -> None:
    assert all(not each.found and not each.leftovers for each in landscape_items([]))
