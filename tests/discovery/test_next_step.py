"""What meshes need, the most urgent first."""

from datetime import UTC, datetime

import msgspec
import pytest

from discovery.clusters import surveyed
from meshery.discovery.fingerprints.model import Health
from meshery.discovery.meshes import ClusterSurvey, MeshItem, mesh_items
from meshery.discovery.next_step import next_steps

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def items() -> dict[str, MeshItem]:
    one = ClusterSurvey("c", "main", NOW, surveyed("main"), "watching")
    return {each.mesh: each for each in mesh_items([one])}


def words(item: MeshItem, now: datetime = NOW) -> list[str]:
    return [step.words for step in next_steps(item, now=now)]


def test_what_is_out_of_line_is_told_with_its_count(items: dict[str, MeshItem]) -> None:
    assert words(items["istio"]) == [
        "Restart 2 proxies of another version",
        "Bring 2 pods into the mesh",
    ]


def test_a_certificate_is_told_a_month_before_its_end_and_after(
    items: dict[str, MeshItem],
) -> None:
    ends = datetime.fromisoformat(items["istio"].certificate_expires_at)
    assert "Renew the certificate that ends on 2027-01-12" in words(
        items["istio"], datetime(2027, 1, 1, tzinfo=UTC)
    )
    late = datetime(2027, 3, 1, tzinfo=UTC)
    assert ends < late
    assert words(items["istio"], late)[0] == "Renew the certificate that ended on 2027-01-12"


def test_a_project_that_ended_comes_first(items: dict[str, MeshItem]) -> None:
    ended = msgspec.structs.replace(items["istio"], standing="archived")
    step = next_steps(ended, now=NOW)[0]
    assert (step.urgency, step.part) == ("bad", "advice")


def test_a_part_that_is_not_ready_is_named(items: dict[str, MeshItem]) -> None:
    planes = tuple(
        msgspec.structs.replace(each, health=Health.DOWN, ready=0)
        for each in items["linkerd"].control_planes
    )
    down = msgspec.structs.replace(items["linkerd"], control_planes=planes)
    first = next_steps(down, now=NOW)[0]
    assert first.urgency == "bad"
    assert planes[0].name in first.words


def test_nobody_watches(items: dict[str, MeshItem]) -> None:
    unseen = msgspec.structs.replace(items["kuma"], watch="stale")
    assert words(unseen)[-1] == "Its cluster is not watched now"
