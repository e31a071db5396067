"""Small objects of clusters, as their API servers answer them."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from meshery.discovery.fingerprints.engine import find_meshes
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.model import MeshFound
from meshery.discovery.fingerprints.snapshot import MemorySnapshot

Document = dict[str, Any]


def documents(text: str) -> list[Document]:
    """The documents of a YAML stream."""
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]


def meta(name: str, namespace: str = "", **more: Any) -> Document:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def namespace(name: str, *, labels: Any = None, annotations: Any = None, **more: Any) -> Document:
    told = meta(name, labels=labels or {}, annotations=annotations or {}, **more)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": told}


def container(name: str, image: str, **more: Any) -> Document:
    return {"name": name, "image": image, **more}


def pod(
    name: str,
    home: str,
    *containers: Document,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: tuple[str, str] | None = None,
    init: Iterable[Document] = (),
    phase: str = "Running",
    created: str = "2026-11-01T10:00:00Z",
    **spec: Any,
) -> Document:
    """A pod; ready when it runs."""
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(
            name,
            home,
            labels=dict(labels or {}),
            annotations=dict(annotations or {}),
            ownerReferences=owners,
            creationTimestamp=created,
        ),
        "spec": {"containers": list(containers), "initContainers": list(init), **spec},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": str(phase == "Running")}],
        },
    }


def workload(
    kind: str,
    name: str,
    home: str,
    *containers: Document,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    replicas: int = 1,
    ready: int | None = None,
) -> Document:
    """A Deployment, StatefulSet or DaemonSet."""
    count = replicas if ready is None else ready
    status = (
        {"desiredNumberScheduled": replicas, "numberReady": count}
        if kind == "DaemonSet"
        else {"replicas": replicas, "readyReplicas": count}
    )
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta(name, home, labels=dict(labels or {}), annotations=annotations or {}),
        "spec": {
            "replicas": replicas,
            "template": {
                "metadata": {"labels": dict(labels or {})},
                "spec": {"containers": list(containers)},
            },
        },
        "status": status,
    }


def config_map(name: str, home: str, data: Mapping[str, str]) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, home),
        "data": dict(data),
    }


def service(name: str, home: str, *, port: int = 443, **selector: str) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, home),
        "spec": {"selector": selector, "ports": [{"port": port}]},
    }


def crd(name: str) -> Document:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": meta(name),
    }


def injector(
    name: str,
    *,
    calls: tuple[str, str] = ("", ""),
    url: str = "",
    labels: Mapping[str, str] | None = None,
    namespaces: Any = None,
    objects: Any = None,
    created: str = "2026-01-01T00:00:00Z",
    bundle: str = "",
) -> Document:
    """A mutating webhook for pods."""
    home, target = calls
    client: Document = {"url": url} if url else {"service": {"namespace": home, "name": target}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": meta(name, labels=dict(labels or {}), creationTimestamp=created),
        "webhooks": [
            {
                "name": f"{name}.example.org",
                "clientConfig": {**client, "caBundle": bundle},
                "rules": [{"resources": ["pods"], "operations": ["CREATE"]}],
                "failurePolicy": "Ignore",
                "namespaceSelector": namespaces or {},
                "objectSelector": objects or {},
            }
        ],
    }


def meshes(*objects: Document) -> dict[str, MeshFound]:
    """What is found, by mesh; fails when one is found twice."""
    found = everything(*objects)
    assert len({each.mesh for each in found}) == len(found)
    return {each.mesh: each for each in found}


def everything(*objects: Document) -> tuple[MeshFound, ...]:
    snapshot = MemorySnapshot(objects, cluster_id="c1", cluster_name="test")
    return find_meshes(snapshot, bundled_fingerprints())


def only(*objects: Document) -> MeshFound:
    """The one mesh there is."""
    found = everything(*objects)
    assert len(found) == 1, [each.mesh for each in found]
    return found[0]
