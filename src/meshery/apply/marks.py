"""What marks an object as ours, and whose an object is by the marks it bears.

Two marks: the label that names us as its manager, and an annotation with the deployment's id. Where
the annotation is empty, a deployment that is gone left the object behind on purpose: the next one
of ours may take it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.apply.target import Object

MANAGED_BY = "app.kubernetes.io/managed-by"
"""kubernetes.io/docs/concepts/overview/working-with-objects/common-labels"""
MANAGER = "meshery"
DEPLOYMENT = "meshery.io/deployment"
"""The annotation that holds a deployment's id."""

_HELM_RELEASE = "meta.helm.sh/release-name"
_ARGO_ID = "argocd.argoproj.io/tracking-id"
_FLUX = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")


class Owner(msgspec.Struct, frozen=True):
    """Whose an object is: ours (this deployment's), or of those that `name` tells in words.

    `is_left` says that a former deployment of ours left it behind.
    """

    is_ours: bool
    name: str = ""
    is_left: bool = False


def marked(document: Object, deployment: str) -> Object:
    """The object with both marks of `deployment`; everything else is as it was."""
    labels = {**_texts(document, "labels"), MANAGED_BY: MANAGER}
    annotations = {**_texts(document, "annotations"), DEPLOYMENT: deployment}
    return _labelled(document, labels, annotations)


def released(document: Object) -> Object:
    """The object with an empty deployment's id: left behind for the next one of ours."""
    annotations = {**_texts(document, "annotations"), DEPLOYMENT: ""}
    return _labelled(document, _texts(document, "labels"), annotations)


def unmarked(document: Object) -> Object:
    """The object without any mark of ours."""
    labels = {
        name: text
        for name, text in _texts(document, "labels").items()
        if (name, text) != (MANAGED_BY, MANAGER)
    }
    annotations = {
        name: text for name, text in _texts(document, "annotations").items() if name != DEPLOYMENT
    }
    return _labelled(document, labels, annotations)


def marked_like(document: Object, other: Object) -> Object:
    """The object with labels and annotations of another state of it."""
    return _labelled(document, _texts(other, "labels"), _texts(other, "annotations"))


def owner_of(document: Object, deployment: str) -> Owner:
    """Whose an object is, seen by `deployment`."""
    labels, annotations = _texts(document, "labels"), _texts(document, "annotations")
    if labels.get(MANAGED_BY) == MANAGER and DEPLOYMENT in annotations:
        holder = annotations[DEPLOYMENT]
        is_left = not holder
        name = "a deployment that is gone" if is_left else f"deployment {holder}"
        return Owner(is_left or holder == deployment, name, is_left)
    return Owner(False, _others(document, labels, annotations))


def _others(document: Object, labels: Mapping[str, Any], annotations: Mapping[str, Any]) -> str:
    if _HELM_RELEASE in annotations:
        return f"Helm release {annotations[_HELM_RELEASE]}"
    if _ARGO_ID in annotations:
        return f"Argo CD application {str(annotations[_ARGO_ID]).partition(':')[0]}"
    for label in _FLUX:
        if label in labels:
            return f"Flux {labels[label]}"
    for owner in document["metadata"].get("ownerReferences") or ():
        return f"{owner.get('kind')} {owner.get('name')}"
    return str(labels.get(MANAGED_BY) or "others (it bears no mark of an owner)")


def _texts(document: Object, name: str) -> dict[str, Any]:
    return {**((document.get("metadata") or {}).get(name) or {})}


def _labelled(
    document: Object, labels: Mapping[str, Any], annotations: Mapping[str, Any]
) -> Object:
    """The object with these labels and annotations; none at all where they are empty."""
    metadata = {**(document.get("metadata") or {})}
    for name, texts in (("labels", labels), ("annotations", annotations)):
        metadata.pop(name, None)
        if texts:
            metadata[name] = dict(texts)
    return {**document, "metadata": metadata}
