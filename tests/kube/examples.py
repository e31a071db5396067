"""Objects and kinds that several tests write down."""

from typing import Any

from meshery.kube.resource import Resource

PODS = Resource(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    namespaced=True,
    verbs=("list", "watch"),
    singular="pod",
    short_names=("po",),
)
CONFIG_MAPS = Resource(
    group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True
)
DEPLOYMENTS = Resource(
    group="apps", version="v1", kind="Deployment", plural="deployments", namespaced=True
)
SERVICES = Resource(group="", version="v1", kind="Service", plural="services", namespaced=True)
CRDS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)


def config_map(name: str, *, namespace: str = "", **data: str) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def custom_kind(group: str, *, kind: str = "Widget") -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "shortNames": ["wdg"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
