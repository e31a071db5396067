"""What the dashboard counts: clusters that are away and meshes that need something count too."""

from datetime import UTC, datetime
from typing import Any

import pytest

from meshery.connections.model import Connection, ConnectionState
from meshery.discovery.view import ClusterView, KindView, WatchState
from meshery.server.overview import ClusterSummary, MeshNeed, Overview, cluster_summaries

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def overview(**parts: Any) -> Overview:
    nothing: dict[str, Any] = {
        name: 0 if name == "operations" else [] for name in Overview.__struct_fields__
    }
    return Overview(**{**nothing, **parts})


def cluster(state: str = "reachable", meshes: tuple[str, ...] = ()) -> ClusterSummary:
    return ClusterSummary("prod", "/connections/1", state, True, 10, meshes)


def connection() -> Connection:
    return Connection(
        id="1",
        name="prod",
        kind="kubernetes",
        server="https://prod",
        namespace="default",
        cluster_id="uid",
        version="v1.35.1",
        login="token",
        state=ConnectionState.REACHABLE,
        reason="",
        remedy="",
        checked_at=NOW,
        created_at=NOW,
    )


def watched(state: WatchState, *, is_listed: bool) -> ClusterView:
    synced_at = NOW if is_listed else None
    kind = KindView("pods.v1", "v1", "Pod", "watching", 1, 0.0, "", synced_at)
    return ClusterView("uid", "prod", state, "host", "v1.35.1", NOW, 1, [kind])


@pytest.mark.parametrize("state", ["listing", "watching", "degraded", "stale"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_no_mesh_means_none_only_where_all_was_listed(state: WatchState, is_listed: bool) -> None:
    (found,) = cluster_summaries([connection()], [watched(state, is_listed=is_listed)], [])
    assert found.is_read is is_listed


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
