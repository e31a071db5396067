"""When a namespace got the marks of meshes."""

from typing import Any

import msgspec
import pytest

from meshery.discovery.watch.marks import marked_at
from meshery.discovery.watch.redaction import redact
from meshery.kube.item import item_of


def manager(time: str, *labels: str, annotations: tuple[str, ...] = ()) -> dict[str, Any]:
    parts = {"f:labels": labels, "f:annotations": annotations}
    fields: dict[str, Any] = {
        part: {f"f:{key}": {} for key in keys} for part, keys in parts.items()
    }
    return {"manager": "kubectl", "time": time, "fieldsV1": {"f:metadata": fields}}


def test_marks_of_meshes_and_no_others() -> None:
    told = marked_at(
        [
            manager("2026-11-02T07:00:00Z", "istio.io/rev", "team", "kubernetes.io/metadata.name"),
            manager("2026-11-02T06:00:00Z", "istio-injection", annotations=("linkerd.io/inject",)),
            manager("2026-11-02T05:00:00Z", "sub.istio.io/x", "notistio.io/y"),
        ]
    )
    assert told == {
        "labels": {
            "istio.io/rev": "2026-11-02T07:00:00Z",
            "istio-injection": "2026-11-02T06:00:00Z",
            "sub.istio.io/x": "2026-11-02T05:00:00Z",
        },
        "annotations": {"linkerd.io/inject": "2026-11-02T06:00:00Z"},
    }


def test_of_several_managers_the_first() -> None:
    times = ("2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-04T00:00:00Z")
    told = marked_at([manager(time, "istio.io/rev") for time in times])
    assert told == {"labels": {"istio.io/rev": "2026-11-02T00:00:00Z"}}


@pytest.mark.parametrize(
    "managed",
    [None, {}, "x", [1], [{}], [{"time": 3}], [{"time": "x", "fieldsV1": {"f:metadata": [1]}}]],
    ids=str,
)
def test_nothing_of_another_shape_breaks_it(managed: Any) -> None:
    assert marked_at(managed) == {}


def test_a_redacted_namespace_tells_them_and_loses_its_managers() -> None:
    metadata = {"name": "shop", "managedFields": [manager("2026-11-02T07:00:00Z", "istio.io/rev")]}
    for kind, told in (
        ("Namespace", {"labels": {"istio.io/rev": "2026-11-02T07:00:00Z"}}),
        ("Pod", None),
    ):
        raw = msgspec.json.encode({"apiVersion": "v1", "kind": kind, "metadata": metadata})
        document = redact(item_of(raw))
        assert document.get("marked_at") == told
        assert document["metadata"] == {"name": "shop"}
