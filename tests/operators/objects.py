"""Brokers and MeshSyncs as people write them, and what is looked at of them."""

import json
from typing import Any

from fixtures.kube import KubeNamespace
from fixtures.waiting import until

MADE = (
    *("statefulset", "deployment", "service", "configmap", "secret", "serviceaccount", "role"),
    *("rolebinding", "poddisruptionbudget", "lease"),
)
LABEL = "app.kubernetes.io/managed-by=meshery-operator"
ONE = [
    "configmap/meshery-nats-config",
    "secret/meshery-nats-auth",
    "service/meshery-nats",
    "service/meshery-nats-headless",
    "statefulset.apps/meshery-nats",
]
"""What one server is made of."""


def broker(name: str = "meshery-broker", *, group: str = "meshery.io", **spec: Any) -> Any:
    version = "v1alpha1" if group != "meshery.io" else "v1alpha2"
    return {
        "apiVersion": f"{group}/{version}",
        "kind": "Broker",
        "metadata": {"name": name},
        "spec": spec,
    }


def meshsync(name: str = "meshery-meshsync", *, watch_list: Any = None, **spec: Any) -> Any:
    chosen = {"broker": {"native": {"name": "meshery-broker"}}, **spec}
    if watch_list is not None:
        chosen["watch-list"] = watch_list
    return {
        "apiVersion": "meshery.io/v1alpha1",
        "kind": "MeshSync",
        "metadata": {"name": name},
        "spec": chosen,
    }


def watching(whitelist: Any) -> Any:
    """A watch-list of kinds, or of a text that is none."""
    text = whitelist if isinstance(whitelist, str) else json.dumps(whitelist)
    return {"data": {"whitelist": text}}


def conditions(document: Any) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition, by its type."""
    listed = (document.get("status") or {}).get("conditions") or ()
    return {each["type"]: (each["status"], each["reason"]) for each in listed}


def message(document: Any, kind: str = "Ready") -> str:
    listed = (document.get("status") or {}).get("conditions") or ()
    return next((str(each["message"]) for each in listed if each["type"] == kind), "")


async def made(namespace: KubeNamespace) -> list[str]:
    """What the operator made in a namespace, as `kind/name`."""
    return await namespace.names(MADE, label=LABEL)


async def until_said(namespace: KubeNamespace, kind: str, name: str, text: str) -> Any:
    """The object as soon as its condition Ready says so."""
    found: Any = {}

    async def says() -> bool:
        nonlocal found
        found = await namespace.get(kind, name)
        return text in message(found)

    try:
        await until(says, timeout_s=30, what=f"{kind} {name} saying {text!r}")
    except AssertionError as error:
        error.add_note(json.dumps(found.get("status")))
        raise
    return found
