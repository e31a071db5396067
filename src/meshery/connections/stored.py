"""Objects between the Target seam and the API server: what is sent, and what is shown."""

from typing import Any

from meshery.apply.difference import authored
from meshery.apply.target import Object
from meshery.kube.resource import Resource

_CONDITIONS = ("uid", "resourceVersion")
"""What an author may say of an object's identity: apply to this very one, in this very state."""


def stored_form(document: Object) -> Object:
    """An object as the seam shows it: without `managedFields`, and with a generation.

    Kinds without a spec, such as ServiceAccounts, have none; theirs never changes.
    """
    metadata: dict[str, Any] = {**document["metadata"]}
    metadata.pop("managedFields", None)
    metadata.setdefault("generation", 1)
    return {**document, "metadata": metadata}


def sent_form(document: Object, resource: Resource) -> Object:
    """An object as it is applied: in a namespace if its kind has them, without the server's own."""
    metadata = document.get("metadata") or {}
    sent = authored(document)
    kept: dict[str, Any] = {**sent["metadata"]}
    kept |= {name: metadata[name] for name in _CONDITIONS if metadata.get(name)}
    if resource.namespaced:
        kept["namespace"] = metadata.get("namespace") or "default"
    else:
        kept.pop("namespace", None)
    return {**sent, "metadata": kept}
