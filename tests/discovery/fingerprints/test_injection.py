"""Why a pod that should carry a proxy does not."""

from typing import Any

import pytest

from discovery.fingerprints.istio import APP, HOME, home_of, istiod, meshed
from discovery.fingerprints.objects import Document, injector, namespace, only, pod
from meshery.discovery.fingerprints.model import NotInjected


def left_out(*objects: Document) -> NotInjected:
    [found] = only(*objects).data_planes.not_injected
    return found


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_it_says_no_itself(where: str) -> None:
    refusing: dict[str, Any] = {where: {"sidecar.istio.io/inject": "false"}}
    mesh = only(*istiod(), home_of("default"), pod("a", "shop", APP, **refusing))
    [found] = mesh.data_planes.not_injected
    assert (found.reason, found.eligible) == ("disabled-on-pod", False)
    assert mesh.data_planes.eligible == 0


def test_it_is_on_its_nodes_network() -> None:
    found = left_out(*istiod(), home_of("default"), pod("a", "shop", APP, hostNetwork=True))
    assert (found.reason, found.eligible) == ("host-network", False)


def test_nobody_asked_but_its_neighbours_are_in() -> None:
    neighbours = (meshed("a", "shop"), pod("b", "shop", APP))
    planes = only(*istiod(), namespace("shop"), *neighbours).data_planes
    [found] = planes.unasked
    assert (found.pod, found.reason, found.eligible) == ("b", "label-absent", False)
    assert (planes.not_injected, planes.eligible) == ((), 1)


def test_it_says_no_where_its_neighbours_ask_for_themselves() -> None:
    refusing = pod("b", "shop", APP, labels={"sidecar.istio.io/inject": "false"})
    found = left_out(*istiod(), namespace("shop"), meshed("a", "shop"), refusing)
    assert (found.pod, found.reason, found.eligible) == ("b", "disabled-on-pod", False)


def test_its_revision_has_no_control_plane() -> None:
    found = left_out(*istiod("1-30"), home_of("1-29"), pod("a", "shop", APP))
    assert (found.reason, found.revision, found.eligible) == ("revision-unknown", "1-29", True)


def test_the_default_revision_is_not_there() -> None:
    found = left_out(*istiod("1-30"), home_of("default"), pod("a", "shop", APP))
    assert (found.reason, found.revision) == ("revision-unknown", "default")


def test_the_webhook_is_gone() -> None:
    control = [each for each in istiod() if "Webhook" not in each["kind"]]
    found = left_out(*control, home_of("default"), pod("a", "shop", APP))
    assert found.reason == "webhook-missing"


def test_the_webhook_does_not_select_it() -> None:
    control = [each for each in istiod() if "Webhook" not in each["kind"]]
    narrow = injector(
        "istio-sidecar-injector",
        calls=(HOME, "istiod"),
        namespaces={"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]},
    )
    found = left_out(*control, narrow, home_of("default"), pod("a", "shop", APP))
    assert found.reason == "webhook-skips-it"


def test_it_is_older_than_the_injector() -> None:
    old = pod("a", "shop", APP, created="2025-01-01T00:00:00Z")
    assert left_out(*istiod(), home_of("default"), old).reason == "created-before-injector"


def marked(time: str, key: str = "istio-injection") -> Document:
    """The namespace `shop` that asks since then."""
    return {**home_of("default"), "marked_at": {"labels": {key: time}}}


def test_it_is_older_than_the_label() -> None:
    home = marked("2026-11-02T00:00:00Z")
    found = left_out(*istiod(), home, pod("a", "shop", APP))
    assert (found.reason, found.eligible) == ("created-before-label", True)
    assert "istio-injection=enabled" in found.message


def test_of_the_same_second_the_pod_came_before_the_label() -> None:
    created = "2026-11-02T00:00:00Z"
    found = left_out(*istiod(), marked(created), pod("a", "shop", APP, created=created))
    assert found.reason == "created-before-label"


def test_older_than_both_it_is_older_than_the_label() -> None:
    """An injector is made anew with each revision; that its age tells more is seldom true."""
    home = marked("2026-11-02T00:00:00Z")
    old = pod("a", "shop", APP, created="2025-01-01T00:00:00Z")
    assert left_out(*istiod(), home, old).reason == "created-before-label"


def test_the_control_plane_is_down() -> None:
    found = left_out(*istiod(ready=0), home_of("default"), pod("a", "shop", APP))
    assert found.reason == "injector-down"


def test_all_was_right_and_yet_it_has_none() -> None:
    home = marked("2026-10-01T00:00:00Z")
    found = left_out(*istiod(), home, pod("a", "shop", APP, owner=("StatefulSet", "db")))
    assert (found.reason, found.namespace, found.workload) == ("not-injected", "shop", "db")
    assert "restart" in found.message


@pytest.mark.parametrize("home", ["kube-system", "openshift-ingress"])
def test_the_platforms_own_pods_do_not_count(home: str) -> None:
    mesh = only(*istiod(), home_of("default", home), pod("a", home, APP))
    assert (mesh.data_planes.eligible, mesh.data_planes.not_injected) == (0, ())


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_only_running_pods_count(phase: str) -> None:
    mesh = only(*istiod(), home_of("default"), pod("a", "shop", APP, phase=phase))
    assert mesh.data_planes.eligible == 0


def test_coverage_counts_both_sides() -> None:
    pods = [meshed(f"m{n}", "shop") for n in range(3)] + [pod("p", "shop", APP)]
    planes = only(*istiod(), home_of("default"), *pods).data_planes
    assert (planes.meshed, planes.eligible, planes.coverage) == (3, 4, 0.75)


def test_a_namespace_that_says_no_is_left_alone() -> None:
    quiet = namespace("shop", labels={"istio-injection": "disabled"})
    mesh = only(*istiod(), quiet, pod("a", "shop", APP))
    assert (mesh.data_planes.eligible, mesh.data_planes.not_injected) == (0, ())


def test_the_injectors_own_selectors_are_believed() -> None:
    """Somebody's injector selects by a label of theirs: that is injection too."""
    control = [each for each in istiod() if "Webhook" not in each["kind"]]
    own = injector(
        "istio-sidecar-injector",
        calls=(HOME, "istiod"),
        namespaces={"matchLabels": {"acme.example.org/mesh": "on"}},
    )
    home = namespace("shop", labels={"acme.example.org/mesh": "on"})
    planes = only(*control, own, home, pod("a", "shop", APP), meshed("b", "shop")).data_planes
    assert (planes.eligible, planes.meshed) == (2, 1)


def test_an_injector_that_selects_everything_decides_nothing() -> None:
    control = [each for each in istiod() if "Webhook" not in each["kind"]]
    wide = injector("istio-sidecar-injector", calls=(HOME, "istiod"))
    planes = only(*control, wide, namespace("shop"), pod("a", "shop", APP)).data_planes
    assert (planes.eligible, planes.not_injected) == (0, ())
