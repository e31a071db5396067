"""The operator's manifests, as they are shipped: read, and fitted to a namespace and images."""

from pathlib import Path
from typing import Any

import yaml

import meshery
from meshery.operator.images import Images
from meshery.operator.names import NAMESPACE

Document = dict[str, Any]


def folder() -> Path:
    """`deploy/operator`: within the installed package, or of the checkout it runs from."""
    package = Path(meshery.__file__).parent
    shipped = package / "_deploy" / "operator"
    return shipped if shipped.is_dir() else package.parents[1] / "deploy" / "operator"


def manifests(*, namespace: str = NAMESPACE, images: Images | None = None) -> list[Document]:
    """Everything that is applied to have the operator, in the order in which it is applied."""
    found: list[Document] = []
    for file in sorted(folder().glob("*.yaml")):
        found += [each for each in yaml.safe_load_all(file.read_text()) if each]
    for document in found:
        _move(document, namespace)
        if images and document["kind"] == "Deployment":
            _set_images(document, images)
    return found


def samples(*, namespace: str = NAMESPACE, is_secure: bool = False) -> list[Document]:
    """The usual Broker, with TLS if it is to be secure, and the MeshSync that publishes to it."""
    names = ("broker", "meshsync")
    found = [yaml.safe_load((folder() / "samples" / f"{name}.yaml").read_text()) for name in names]
    if is_secure:
        found[0]["spec"]["tls"] = {"enabled": True}
    for document in found:
        _move(document, namespace)
    return found


def _move(document: Document, namespace: str) -> None:
    metadata = document["metadata"]
    if document["kind"] == "Namespace":
        metadata["name"] = namespace
    if "namespace" in metadata:
        metadata["namespace"] = namespace
    for subject in document.get("subjects") or ():
        subject["namespace"] = namespace
    native = ((document.get("spec") or {}).get("broker") or {}).get("native")
    if native:
        native["namespace"] = namespace


def _set_images(document: Document, images: Images) -> None:
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["image"] = images.meshsync
    wanted = {"BROKER_IMAGE": images.broker, "MESHSYNC_IMAGE": images.meshsync}
    for entry in container["env"]:
        if entry["name"] in wanted:
            entry["value"] = wanted[entry["name"]]
