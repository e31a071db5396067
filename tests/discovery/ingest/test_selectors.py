"""Which pods a selector means, asked from both ends, on both databases."""

from typing import Any

import msgspec
import pytest

from discovery.ingest.support import rows
from discovery.watch.support import CLUSTER
from meshery.core.database import Database
from meshery.discovery.ingest.batch import Batch
from meshery.discovery.ingest.relations import references
from meshery.discovery.ingest.tables import kube_object
from meshery.discovery.model import ObjectKey, Seen
from meshery.discovery.related import related_to

PODS = {
    "web-1": {"app": "web", "track": "stable"},
    "web-2": {"app": "web", "track": "canary"},
    "web-3": {"app": "web"},
    "db-1": {"app": "db", "tier": "data"},
}


def policy(selector: Any) -> dict[str, Any]:
    spec = {} if selector is None else {"podSelector": selector}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}


def workload(selector: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": selector}}


def service(selector: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "spec": {"selector": selector}}


def rule(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def expressions(*rules: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"matchExpressions": list(rules), **({"matchLabels": labels} if labels else {})}


CASES: list[tuple[dict[str, Any], set[str]]] = [
    (service({"app": "web"}), {"web-1", "web-2", "web-3"}),
    (service({}), set()),
    (workload(expressions(app="web", track="stable")), {"web-1"}),
    (workload(expressions(rule("track", "In", "stable", "canary"))), {"web-1", "web-2"}),
    (workload(expressions(rule("track", "NotIn", "stable"), app="web")), {"web-2", "web-3"}),
    (policy(expressions(rule("track", "Exists"))), {"web-1", "web-2"}),
    (policy(expressions(rule("track", "DoesNotExist"))), {"web-3", "db-1"}),
    (policy(expressions(rule("app", "In", "db"), rule("tier", "Exists"))), {"db-1"}),
    (policy(expressions(rule("app", "In", "none"))), set()),
    (policy(expressions(rule("app", "Like", "w"))), set()),
    (policy({}), set(PODS)),
    (policy(None), set()),
]


def told(name: str, document: dict[str, Any], *, namespace: str = "shop", **more: Any) -> Seen:
    metadata = {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}", **more}
    whole = {**document, "metadata": metadata}
    key = ObjectKey(document["apiVersion"], document["kind"], namespace, name, metadata["uid"])
    return Seen(CLUSTER, "e1", "ADDED", key, "5", msgspec.Raw(msgspec.json.encode(whole)))


async def store(database: Database, *seen: Seen) -> None:
    async with database.write() as connection:
        batch = Batch(connection)
        await batch.load(seen)
        for each in seen:
            batch.apply(each)
        await batch.write()


@pytest.mark.parametrize(("document", "expected"), CASES)
async def test_a_selector_means_the_same_from_both_ends(
    database: Database, document: dict[str, Any], expected: set[str]
) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {}}
    elsewhere = told("web-9", pod, namespace="other", labels=PODS["web-1"])
    pods = [told(name, pod, labels=labels) for name, labels in PODS.items()]
    await store(database, told("chooser", document), elsewhere, *pods)
    (chooser,) = await rows(database, kube_object, name="chooser")
    chosen = await related_to(database, chooser)
    assert {each.name for each in chosen if each.type == "selector"} == expected
    found = set()
    for row in await rows(database, kube_object, kind="Pod"):
        names = {each.name for each in await related_to(database, row) if each.type == "selector"}
        found |= {row.name} if "chooser" in names else set()
    assert found == expected


def test_labels_alone_are_told_as_labels() -> None:
    (found,) = references({**workload(expressions()), "metadata": {"namespace": "shop"}})
    assert found.selector == {}
    (found,) = references({**workload({"matchLabels": {"a": "b"}}), "metadata": {}})
    assert found.selector == {"a": "b"}
