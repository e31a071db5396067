"""What an object says of others: whom it belongs to, selects, mounts, routes to, and runs as.

Only what stands in the object itself is told. A selector stays a selector: which pods it means is
asked when somebody asks, so pods may come and go without a relation being written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from meshery.discovery.model import group_of

RelationType = Literal["owner", "selector", "mount", "route", "identity"]
Document = Mapping[str, Any]


class Reference(msgspec.Struct, frozen=True):
    """One object named by another, or all of a kind in a namespace that a selector fits.

    A selector is a map of labels, or where it says more a `metav1.LabelSelector`; an empty one
    fits all.
    """

    type: RelationType
    group: str
    kind: str
    namespace: str
    name: str = ""
    selector: dict[str, Any] | None = None


def references(document: Document) -> tuple[Reference, ...]:
    """All references of an object, each once."""
    namespace = _mapping(document.get("metadata")).get("namespace", "")
    found = [*_owners(document, namespace), *_by_kind(document, namespace)]
    unique = {msgspec.json.encode(each): each for each in found}
    return tuple(unique.values())


def _owners(document: Document, namespace: str) -> Iterator[Reference]:
    for owner in _items(document.get("metadata"), "ownerReferences"):
        kind = owner.get("kind", "")
        # Owners stand in the same namespace, or in none.
        home = "" if kind == "Node" else namespace
        yield Reference("owner", group_of(owner.get("apiVersion", "")), kind, home, owner["name"])


def _by_kind(document: Document, namespace: str) -> Iterable[Reference]:
    kind, spec = document.get("kind", ""), _mapping(document.get("spec"))
    group = group_of(document.get("apiVersion", ""))
    if group in {"apps", "batch"}:
        return _of_workload(spec, group, namespace)
    if kind == "EndpointSlice":
        return _of_slice(document, namespace)
    if kind.endswith("Route"):
        return _of_route(spec, group, namespace)
    read = _READERS.get((group, kind))
    return read(spec, namespace) if read else ()


def _of_workload(spec: Document, group: str, namespace: str) -> Iterator[Reference]:
    if group == "apps":
        yield from _selects(spec.get("selector"), namespace)
    job = _mapping(_mapping(spec.get("jobTemplate")).get("spec")) or spec
    yield from _of_pod(_mapping(_mapping(job.get("template")).get("spec")), namespace)


def _of_service(spec: Document, namespace: str) -> Iterable[Reference]:
    # A Service without a selector has endpoints of somebody's own making.
    if labels := _mapping(spec.get("selector")):
        yield Reference("selector", "", "Pod", namespace, selector=dict(labels))


def _of_policy(spec: Document, namespace: str) -> Iterable[Reference]:
    return _selects(spec.get("podSelector"), namespace)


def _selects(selector: Any, namespace: str) -> Iterator[Reference]:
    """A `metav1.LabelSelector`: none selects nothing, an empty one everything."""
    if isinstance(selector, dict):
        labels = dict(_mapping(selector.get("matchLabels")))
        expressions = _items(selector, "matchExpressions")
        told = {"matchLabels": labels, "matchExpressions": expressions} if expressions else labels
        yield Reference("selector", "", "Pod", namespace, selector=told)


def _of_pod(spec: Document, namespace: str) -> Iterator[Reference]:
    if account := spec.get("serviceAccountName"):
        yield Reference("identity", "", "ServiceAccount", namespace, account)
    if node := spec.get("nodeName"):
        yield Reference("mount", "", "Node", "", node)
    volumes = _items(spec, "volumes")
    for volume in [
        *volumes,
        *(each for v in volumes for each in _items(v.get("projected"), "sources")),
    ]:
        yield from _of_volume(volume, namespace)
    for container in (*_items(spec, "containers"), *_items(spec, "initContainers")):
        yield from _of_environment(container, namespace)


_VOLUMES = (
    ("configMap", "name", "ConfigMap"),
    ("secret", "secretName", "Secret"),
    ("secret", "name", "Secret"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)


def _of_volume(volume: Document, namespace: str) -> Iterator[Reference]:
    for field, named, kind in _VOLUMES:
        if name := _mapping(volume.get(field)).get(named):
            yield Reference("mount", "", kind, namespace, name)


def _of_environment(container: Document, namespace: str) -> Iterator[Reference]:
    sources = [
        *_items(container, "envFrom"),
        *(_mapping(each.get("valueFrom")) for each in _items(container, "env")),
    ]
    for source in sources:
        for fields, kind in (
            (("configMapRef", "configMapKeyRef"), "ConfigMap"),
            (("secretRef", "secretKeyRef"), "Secret"),
        ):
            for field in fields:
                if name := _mapping(source.get(field)).get("name"):
                    yield Reference("mount", "", kind, namespace, name)


def _of_slice(document: Document, namespace: str) -> Iterator[Reference]:
    labels = _mapping(_mapping(document.get("metadata")).get("labels"))
    if service := labels.get("kubernetes.io/service-name"):
        yield Reference("route", "", "Service", namespace, service)
    for endpoint in _items(document, "endpoints"):
        target = _mapping(endpoint.get("targetRef"))
        if target.get("kind") == "Pod" and target.get("name"):
            yield Reference("route", "", "Pod", target.get("namespace", namespace), target["name"])


def _of_ingress(spec: Document, namespace: str) -> Iterator[Reference]:
    backends = [_mapping(spec.get("defaultBackend"))]
    for rule in _items(spec, "rules"):
        paths = _items(rule.get("http"), "paths")
        backends += [_mapping(path.get("backend")) for path in paths]
    for backend in backends:
        if name := _mapping(backend.get("service")).get("name"):
            yield Reference("route", "", "Service", namespace, name)
    for entry in _items(spec, "tls"):
        if name := entry.get("secretName"):
            yield Reference("mount", "", "Secret", namespace, name)


def _of_route(spec: Document, group: str, namespace: str) -> Iterator[Reference]:
    """Routes of Gateway API: what they hang on, and where they lead."""
    backends = [each for rule in _items(spec, "rules") for each in _items(rule, "backendRefs")]
    defaults = [(each, group, "Gateway") for each in _items(spec, "parentRefs")]
    for each, its_group, kind in [*defaults, *((each, "", "Service") for each in backends)]:
        if name := each.get("name"):
            home = each.get("namespace", namespace)
            yield Reference(
                "route", each.get("group", its_group), each.get("kind", kind), home, name
            )


def _of_claim(spec: Document, _namespace: str) -> Iterator[Reference]:
    if name := spec.get("storageClassName"):
        yield Reference("mount", "storage.k8s.io", "StorageClass", "", name)
    if name := spec.get("volumeName"):
        yield Reference("mount", "", "PersistentVolume", "", name)


def _of_volume_itself(spec: Document, _namespace: str) -> Iterator[Reference]:
    if name := spec.get("storageClassName"):
        yield Reference("mount", "storage.k8s.io", "StorageClass", "", name)
    claim = _mapping(spec.get("claimRef"))
    if name := claim.get("name"):
        home = claim.get("namespace", "")
        yield Reference("mount", "", "PersistentVolumeClaim", home, name)


_READERS: dict[tuple[str, str], Callable[[Document, str], Iterable[Reference]]] = {
    ("", "Pod"): _of_pod,
    ("", "Service"): _of_service,
    ("", "PersistentVolumeClaim"): _of_claim,
    ("", "PersistentVolume"): _of_volume_itself,
    ("networking.k8s.io", "NetworkPolicy"): _of_policy,
    ("networking.k8s.io", "Ingress"): _of_ingress,
}


def _mapping(value: Any) -> Document:
    return value if isinstance(value, dict) else {}


def _items(value: Any, name: str) -> list[Document]:
    listed = _mapping(value).get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
