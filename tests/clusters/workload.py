"""An application in one line, written out as its team and an injector would leave it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.template import Document, filled, read

_PORT = 8080


@dataclass(frozen=True)
class Workload:
    """One line of `data/apps/*.yaml`.

    `proxy` names an entry of `data/proxies.yaml`: what an injector adds to the pods. `labels` and
    `annotations` are the pods'. `replicas` is ignored for a Pod.
    """

    namespace: str
    name: str
    image: str
    replicas: int = 1
    kind: str = "Deployment"
    proxy: str = ""
    container: str = "app"
    host_network: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


def workloads(path: str, values: Mapping[str, str]) -> Iterator[Document]:
    """Everything that a file of workloads stands for."""
    for line in filled(read(path), values):
        yield from documents_of_workload(Workload(**line), values)


def with_proxy(document: Document, values: Mapping[str, str]) -> Document:
    """A document that is written out, but for what its `proxy` stands for, as in a Workload."""
    if "proxy" not in document:
        return document
    written = {key: value for key, value in document.items() if key != "proxy"}
    metadata, spec = written["metadata"], written["spec"]
    workload = Workload(
        namespace=metadata["namespace"],
        name=metadata["name"],
        image="",
        kind=written["kind"],
        proxy=document["proxy"],
        container=spec["template"]["spec"]["containers"][0]["name"],
    )
    return {**written, "spec": {**spec, "template": _injected(spec["template"], workload, values)}}


def documents_of_workload(workload: Workload, values: Mapping[str, str]) -> Iterator[Document]:
    """A service account, a service and the workload itself."""
    where = {
        "name": workload.name,
        "namespace": workload.namespace,
        "labels": {"app": workload.name},
    }
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": where,
        "spec": {
            "selector": {"app": workload.name},
            "ports": [{"name": "http", "port": 80, "targetPort": _PORT}],
        },
    }
    template = _template(workload, values)
    if workload.kind == "Pod":
        yield {"apiVersion": "v1", "kind": "Pod", **_named(template, where)}
        return
    spec: Document = {
        "replicas": workload.replicas,
        "selector": {"matchLabels": {"app": workload.name}},
        "template": template,
    }
    if workload.kind == "StatefulSet":
        spec |= {"serviceName": workload.name, "podManagementPolicy": "Parallel"}
    yield {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": where, "spec": spec}


def _named(template: Document, where: Mapping[str, Any]) -> Document:
    return {**template, "metadata": {**where, **template["metadata"]}}


def _template(workload: Workload, values: Mapping[str, str]) -> Document:
    container = {
        "name": workload.container,
        "image": workload.image,
        "ports": [{"name": "http", "containerPort": _PORT}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }
    labels = {"app": workload.name, **workload.labels}
    spec: Document = {"serviceAccountName": workload.name, "containers": [container]}
    if workload.host_network:
        spec |= {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}
    plain = {
        "metadata": {"labels": labels, "annotations": dict(workload.annotations)},
        "spec": spec,
    }
    return _injected(plain, workload, values) if workload.proxy else plain


def _injected(template: Document, workload: Workload, values: Mapping[str, str]) -> Document:
    """The template with what the injector adds; what the team itself wrote wins."""
    added = _addition(workload, values)
    metadata, spec = template["metadata"], template["spec"]
    labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
    own = [] if added.get("replaces") else spec["containers"]
    proxy = added.get("containers", [])
    return {
        "metadata": {
            "labels": {**added.get("labels", {}), **labels},
            "annotations": {**added.get("annotations", {}), **annotations},
        },
        "spec": {
            **spec,
            "containers": [*proxy, *own] if added.get("proxy_first") else [*own, *proxy],
            "initContainers": [*added.get("initContainers", []), *spec.get("initContainers", [])],
            "volumes": [*spec.get("volumes", []), *added.get("volumes", [])],
        },
    }


def _addition(workload: Workload, values: Mapping[str, str]) -> Document:
    profile = filled(read("proxies.yaml")[workload.proxy], values)
    kind = {"Deployment": "deployments", "StatefulSet": "statefulsets", "Pod": "pods"}
    own = {
        "name": workload.name,
        "namespace": workload.namespace,
        "container": workload.container,
        "owner_kind": workload.kind.lower(),
        "owner_path": ("v1" if workload.kind == "Pod" else "apps/v1")
        + f"/namespaces/{workload.namespace}/{kind[workload.kind]}/{workload.name}",
    }
    added: Document = filled(
        read(f"proxies/{profile['template']}.yaml"), {**values, **profile, **own}
    )
    return added
