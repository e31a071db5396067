"""What the dashboard counts: clusters that are away and meshes that need something count too."""

from typing import Any

import pytest

from meshery.server.overview import ClusterSummary, MeshNeed, Overview


def overview(**parts: Any) -> Overview:
    nothing: dict[str, Any] = {
        name: 0 if name == "operations" else [] for name in Overview.__struct_fields__
    }
    return Overview(**{**nothing, **parts})


def cluster(state: str = "reachable", meshes: tuple[str, ...] = ()) -> ClusterSummary:
    return ClusterSummary("prod", "/connections/1", state, True, 10, meshes)


def test_a_first_visit_is_one_without_anything() -> None:
    assert overview().is_new
    assert not overview(clusters=[cluster()]).is_new
    assert not overview(operations=1).is_new


@pytest.mark.parametrize(
    ("state", "needs"), [("reachable", 0), ("unknown", 0), ("unreachable", 1), ("unauthorised", 1)]
)
def test_a_cluster_that_does_not_answer_needs_a_person(state: str, needs: int) -> None:
    assert overview(clusters=[cluster(state)]).needs == needs


def test_meshes_are_counted_over_all_clusters() -> None:
    found = overview(
        clusters=[cluster(meshes=("Istio 1.31.0", "Linkerd 2")), cluster(meshes=("Kuma 3",))],
        mesh_needs=[MeshNeed("prod/istio", "Restart 2 proxies", "warn", "/meshes/1")],
    )
    assert (found.meshes, found.needs) == (3, 1)
