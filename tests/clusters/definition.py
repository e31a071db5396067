"""Custom resource definitions from short lists: true names, but no field is declared."""

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.template import Document, filled, read

_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definitions(name: str, values: Mapping[str, str]) -> Iterator[Document]:
    """The definitions that one project installs, from `data/definitions/NAME.yaml`."""
    told = filled(read(f"definitions/{name}.yaml"), values)
    metadata = {key: told[key] for key in ("labels", "annotations") if key in told}
    for group, kinds in told["groups"].items():
        for kind in kinds:
            yield _definition(group, kind, metadata)


def _definition(group: str, told: Mapping[str, Any], metadata: Mapping[str, Any]) -> Document:
    kind = str(told["kind"])
    plural = told.get("plural", f"{kind.lower()}s")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", **metadata, **_approval(group)},
        "spec": {
            "group": group,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "scope": told.get("scope", "Namespaced"),
            "versions": [_version(name, told["versions"][0]) for name in told["versions"]],
        },
    }


def _version(name: str, stored: str) -> Document:
    return {
        "name": name,
        "served": True,
        "storage": name == stored,
        "schema": {"openAPIV3Schema": _ANYTHING},
        "subresources": {"status": {}},
    }


def _approval(group: str) -> Document:
    """What the API server asks of groups that are Kubernetes' own."""
    if not group.endswith(".k8s.io"):
        return {}
    url = "https://github.com/kubernetes-sigs/gateway-api/pull/3328"
    return {
        "annotations": {
            "api-approved.kubernetes.io": url,
            "gateway.networking.k8s.io/bundle-version": "v1.4.0",
            "gateway.networking.k8s.io/channel": "standard",
        }
    }
