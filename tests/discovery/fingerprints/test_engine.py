"""The engine as a whole: order does not matter, and nothing breaks it."""

import copy
import json
import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery.fingerprints.istio import APP, CRDS, HOME, home_of, istiod, meshed
from discovery.fingerprints.objects import Document, everything, namespace, only, pod
from meshery.discovery.fingerprints.engine import find_meshes
from meshery.discovery.fingerprints.fields import selects
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.model import Evidence
from meshery.discovery.fingerprints.snapshot import MemorySnapshot, Snapshot
from meshery.discovery.fingerprints.weighing import confidence

CLUSTER = [
    *istiod("1-29", "1.29.4"),
    *istiod("1-30"),
    *CRDS,
    namespace(HOME),
    home_of("1-30"),
    meshed("a", "shop", revision="1-30"),
    pod("b", "shop", APP),
]
JUNK: Any = st.sampled_from([None, "", "x", 7, -1, True, [], {}, [None], {"a": 1}, [{}], 1.5])


def test_a_memory_snapshot_is_a_snapshot() -> None:
    snapshot: Snapshot = MemorySnapshot(CLUSTER)
    assert "virtualservices.networking.istio.io" in snapshot.crds()


def test_what_is_found_can_be_written_as_json() -> None:
    document = json.loads(msgspec.json.encode(only(*CLUSTER)))
    assert {
        *("mesh", "build", "version", "cluster", "namespace", "state", "control_planes"),
        *("data_planes", "evidence", "confidence", "revisions", "mesh_id", "trust_domain"),
        *("network", "zone_role", "peers"),
    } <= set(document)
    assert {"proxies", "workloads", "eligible", "coverage", "versions", "skewed"} <= set(
        document["data_planes"]
    )
    assert set(document["evidence"][0]) == {"type", "object", "value", "weight"}


def test_the_order_of_the_objects_does_not_matter() -> None:
    shuffled = random.Random(7).sample(CLUSTER, len(CLUSTER))
    assert only(*shuffled).control_planes == only(*CLUSTER).control_planes
    assert only(*shuffled).data_planes == only(*CLUSTER).data_planes


def test_the_engine_changes_nothing() -> None:
    before = copy.deepcopy(CLUSTER)
    everything(*CLUSTER)
    assert before == CLUSTER


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        children = enumerate(value)  # type: ignore[assignment]
    return [path, *(found for key, child in children for found in paths(child, (*path, key)))]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_field_of_the_wrong_kind_breaks_it(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(CLUSTER) - 1))
    broken: list[Document] = copy.deepcopy(CLUSTER)
    places = [path for path in paths(broken[position]) if path and path[0] != "kind"]
    path = data.draw(st.sampled_from(places))
    target: Any = broken[position]
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = data.draw(JUNK)
    for mesh in find_meshes(MemorySnapshot(broken), bundled_fingerprints()):
        assert 0 <= mesh.confidence <= 1
        assert mesh.data_planes.meshed <= mesh.data_planes.eligible


@given(st.lists(st.floats(0, 1)))
def test_confidence_is_a_share_and_more_evidence_lowers_nothing(weights: list[float]) -> None:
    kinds = ["image", "label", "crd", "webhook"]
    evidence = [Evidence(kinds[n % 4], "", "", weight) for n, weight in enumerate(weights)]  # type: ignore[arg-type]
    totals = [confidence(evidence[:count]) for count in range(len(evidence) + 1)]
    assert totals == sorted(totals)
    assert all(0 <= total <= 1 for total in totals)


def test_selectors() -> None:
    labels = {"a": "1"}
    for operator, values, expected in (
        *(("In", ["1"], True), ("In", ["2"], False), ("NotIn", ["1"], False)),
        *(("Exists", [], True), ("DoesNotExist", [], False), ("Nonsense", [], False)),
    ):
        rule = {"matchExpressions": [{"key": "a", "operator": operator, "values": values}]}
        assert selects(rule, labels) is expected
    assert selects(None, labels)
    assert not selects({"matchLabels": {"a": "2"}}, labels)
