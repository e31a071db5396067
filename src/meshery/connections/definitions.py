"""Objects that bring kinds of their own: what is known of a cluster's kinds changes with them."""

from meshery.apply.target import Object

_KINDS = frozenset({"CustomResourceDefinition", "APIService"})


def brings_kinds(kind: str) -> bool:
    """Whether the kinds of a cluster change with objects of this kind."""
    return kind in _KINDS


def versions_served(document: Object) -> tuple[tuple[str, str], ...]:
    """The `apiVersion` and kind of each version that a definition serves; none of other objects."""
    if document.get("kind") != "CustomResourceDefinition":
        return ()
    spec = document["spec"]
    kind = str(spec["names"]["kind"])
    return tuple(
        (f"{spec['group']}/{version['name']}", kind)
        for version in spec["versions"]
        if version.get("served")
    )
