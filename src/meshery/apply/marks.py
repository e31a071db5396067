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
    metadata = document.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), MANAGED_BY: MANAGER}
    annotations = {**(metadata.get("annotations") or {}), DEPLOYMENT: deployment}
    return {**document, "metadata": {**metadata, "labels": labels, "annotations": annotations}}


def released(document: Object) -> Object:
    """The object with an empty deployment's id: left behind for the next one of ours."""
    annotations = {**_annotations(document), DEPLOYMENT: ""}
    return {**document, "metadata": {**document["metadata"], "annotations": annotations}}


def owner_of(document: Object, deployment: str) -> Owner:
    """Whose an object is, seen by `deployment`."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    annotations = _annotations(document)
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


def _annotations(document: Object) -> dict[str, Any]:
    return {**((document.get("metadata") or {}).get("annotations") or {})}
