"""Values stay, whatever holds them; what meshes are recognised by is told."""

import base64
import json
from typing import Any

import pytest

from clusters import script as scripts
from meshery.discovery.watch import redaction
from meshery.discovery.watch.redaction import redact
from meshery.kube.item import item_of

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def redacted(document: dict[str, Any]) -> dict[str, Any]:
    item = item_of(json.dumps(document).encode())
    found = redact(item)
    assert json.loads(bytes(redaction.redacted(item))) == found
    return found


def secret(**data: str) -> dict[str, Any]:
    metadata = {"name": "s", "annotations": {APPLIED: "{}", "kept": "yes"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_secret_keeps_its_keys_alone() -> None:
    found = redacted(secret(password=encoded("x"), user=encoded("y")) | {"stringData": {"z": "w"}})
    assert found["data"] == {"password": "[REDACTED]", "user": "[REDACTED]"}
    assert found["stringData"] == {"z": "[REDACTED]"}
    assert found["metadata"] == {"name": "s", "annotations": {"kept": "yes"}}


def test_what_is_called_a_certificate_and_is_none_is_no_certificate() -> None:
    begin = "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n"
    found = redacted(secret(**{"a.crt": "%%%", "b.crt": encoded("x"), "c.crt": encoded(begin)}))
    assert list(found["certificates"]) == ["c.crt"]
    assert found["certificates"]["c.crt"]["not_after"] == "unknown"


@pytest.mark.parametrize(
    ("name", "key", "is_readable"),
    [
        ("istio", "mesh", True),
        ("istio-canary", "mesh", True),
        ("istio-sidecar-injector", "values", True),
        ("istio", "anything", False),
        ("cilium-config", "cluster-name", True),
        ("linkerd-config", "values", True),
        ("kuma-control-plane-config", "config.yaml", True),
        ("shop-server-config", "server.json", False),
        ("mesh-consul-server-config", "server.json", True),
        ("shop", "mesh", False),
    ],
)
def test_named_keys_of_config_maps_stay(name: str, key: str, is_readable: bool) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    found = redacted({**document, "data": {key: "v"}, "binaryData": {"b": "AA=="}})
    assert found["data"] == {key: "v" if is_readable else "[REDACTED]"}


def test_who_manages_a_field_is_of_no_use() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "managedFields": [1], "annotations": {APPLIED: "{}"}},
        "spec": {"containers": [{"env": [{"name": "A", "value": "kept"}]}]},
    }
    found = redacted(pod)
    assert found["metadata"] == {"name": "p"}
    assert found["spec"] == pod["spec"]


def test_a_kind_of_the_same_name_in_another_group_is_not_a_secret() -> None:
    custom = {"apiVersion": "x.example/v1", "kind": "Secret", "metadata": {"name": "s"}}
    assert redacted({**custom, "data": {"a": "b"}})["data"] == {"a": "b"}


def test_both_forms_are_the_same_of_every_kind() -> None:
    for document in scripts.documents(scripts.load("main")):
        metadata = {**document["metadata"], "managedFields": [{"manager": "kubectl"}]}
        for notes in (metadata.get("annotations"), {APPLIED: "{}"}, {APPLIED: "{}", "kept": "yes"}):
            found = redacted({**document, "metadata": {**metadata, "annotations": notes}})
            assert "managedFields" not in found["metadata"]
            assert APPLIED not in (found["metadata"].get("annotations") or {})
