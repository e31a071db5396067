import re
from typing import Any

import pytest

from apply.target_suite import account
from meshery.apply.marks import DEPLOYMENT, MANAGED_BY, Owner, marked, owner_of, released


def bears(labels: Any = None, annotations: Any = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": "a", "labels": labels, "annotations": annotations, **more}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def test_marks_are_added_and_nothing_else_is_touched() -> None:
    given = account("a", team="one")
    found = marked(given, "d1")
    assert found["metadata"]["labels"] == {"team": "one", MANAGED_BY: "meshery"}
    assert found["metadata"]["annotations"] == {DEPLOYMENT: "d1"}
    assert given == account("a", team="one")


def test_ours_another_deployments_and_what_was_left() -> None:
    ours = marked(account("a"), "d1")
    assert owner_of(ours, "d1") == Owner(True, "deployment d1")
    assert owner_of(ours, "d2") == Owner(False, "deployment d1")
    left = owner_of(released(ours), "d2")
    assert (left.is_ours, left.is_left) == (True, True)
    assert released(released(ours)) == released(ours)


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (bears({MANAGED_BY: "Helm"}, {"meta.helm.sh/release-name": "istiod"}), "release istiod"),
        (bears(None, {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}), "CD .* shop"),
        (bears({"kustomize.toolkit.fluxcd.io/name": "infra"}), "Flux infra"),
        (bears(ownerReferences=[{"kind": "Istio", "name": "default"}]), "Istio default"),
        (bears({MANAGED_BY: "kapp"}), "kapp"),
        (bears({MANAGED_BY: "meshery"}), "meshery"),
        (bears(None, {DEPLOYMENT: "d1"}), "no mark"),
    ],
)
def test_other_owners_are_named(document: dict[str, Any], name: str) -> None:
    owner = owner_of(document, "d1")
    assert not owner.is_ours
    assert re.search(name, owner.name)
