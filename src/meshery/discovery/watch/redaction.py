"""What may leave a cluster: everything but the values of Secrets and ConfigMaps.

Keys stay, since they tell what there is. A few keys of ConfigMaps that meshes are recognised by
keep their values too (`READABLE`). Annotations in which tools repeat whole objects, values
included, go (`REPEATING`), and so do `managedFields`; of a Namespace's it stays when it got the
marks that meshes inject by.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from meshery.discovery.model import CERTIFICATES, MARKED_AT, REDACTED
from meshery.discovery.watch.certificates import read_certificate
from meshery.discovery.watch.marks import marked_at
from meshery.kube.item import Item

REPEATING = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "objectset.rio.cattle.io/applied",
    }
)
"""Annotations of kubectl, kapp and Rancher that hold the object as it was applied."""

READABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("istio", ("mesh", "meshNetworks")),
    ("istio-*", ("mesh", "meshNetworks", "values", "root-cert.pem")),
    ("cilium-config", ("*",)),
    ("linkerd-config", ("values",)),
    ("linkerd-identity-trust-roots", ("ca-bundle.crt",)),
    ("kuma-control-plane-config", ("config.yaml",)),
    ("kong-mesh-control-plane-config", ("config.yaml",)),
    ("kuma-cni-config", ("*",)),
    ("*consul-server-config", ("server.json", "federation-config.json")),
)
"""ConfigMaps by pattern of name, and their keys (patterns too) whose values stay."""

CERTIFICATE_KEYS = ("*.crt", "*.pem", "*.cert")
"""Keys of Secrets that are looked into for public certificates; never one that names a key."""
_PRIVATE = ("*key*",)
_LOOKED_INTO = frozenset({"Secret", "ConfigMap", "Namespace"})
"""Core kinds of which more goes, or is told, than of all others."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def redact(item: Item) -> dict[str, Any]:
    """The object as it may leave the cluster."""
    document = item.document()
    metadata = document["metadata"] = dict(document.get("metadata") or {})
    managed = metadata.pop("managedFields", None)
    if (rest := _kept_annotations(item)) is not None:
        metadata["annotations"] = rest
        if not rest:
            del metadata["annotations"]
    if item.api_version == "v1" and item.kind == "Namespace" and (told := marked_at(managed)):
        document[MARKED_AT] = told
    if item.api_version == "v1" and item.kind == "Secret":
        return _secret(document)
    if item.api_version == "v1" and item.kind == "ConfigMap":
        return _config_map(document, item.metadata.name)
    return document


def redacted(item: Item) -> msgspec.Raw:
    """The same as JSON. What need not be looked into is passed on as the bytes it came in."""
    if item.api_version == "v1" and item.kind in _LOOKED_INTO:
        return msgspec.Raw(msgspec.json.encode(redact(item)))
    fields = _fields.decode(item.raw)
    metadata = _fields.decode(fields["metadata"])
    metadata.pop("managedFields", None)
    if (rest := _kept_annotations(item)) is not None:
        metadata["annotations"] = msgspec.Raw(msgspec.json.encode(rest))
        if not rest:
            del metadata["annotations"]
    named: dict[str, Any] = {"apiVersion": item.api_version, "kind": item.kind}
    return msgspec.Raw(msgspec.json.encode({**named, **fields, **named, "metadata": metadata}))


def _kept_annotations(item: Item) -> dict[str, str] | None:
    """What is left of the annotations; None where all are."""
    annotations = item.metadata.annotations
    if not annotations or REPEATING.isdisjoint(annotations):
        return None
    return {name: text for name, text in annotations.items() if name not in REPEATING}


def _secret(document: dict[str, Any]) -> dict[str, Any]:
    data = document.get("data") or {}
    found = {
        key: certificate
        for key, value in data.items()
        if _fits(key, CERTIFICATE_KEYS) and not _fits(key, _PRIVATE)
        if (certificate := read_certificate(value))
    }
    if found:
        document[CERTIFICATES] = msgspec.to_builtins(found)
    for field in ("data", "stringData"):
        if document.get(field):
            document[field] = dict.fromkeys(document[field], REDACTED)
    return document


def _config_map(document: dict[str, Any], name: str) -> dict[str, Any]:
    open_keys = tuple(
        key for pattern, keys in READABLE if fnmatchcase(name, pattern) for key in keys
    )
    for field in ("data", "binaryData"):
        values: Mapping[str, str] = document.get(field) or {}
        if values:
            document[field] = {
                key: value if _fits(key, open_keys) else REDACTED for key, value in values.items()
            }
    return document


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
