"""What traits of the original's patterns come to: mutual TLS, and namespaces that join the mesh.

Its name may have the mesh behind a dot (`automaticSidecarInjection.Linkerd`). No trait is passed
over: what is not known here, or cannot be undone without harm, is said before anything is touched.
"""

from collections.abc import Sequence
from typing import Any

from meshery.adapters.legacy_oam import Trait
from meshery.adapters.library import Adapter
from meshery.behaviours.model import Behaviour, Fidelity, Kind, Target
from meshery.behaviours.rendering import World
from meshery.behaviours.security import Mtls
from meshery.core.errors import InvalidInputError, UnsupportedError

Object = dict[str, Any]

_MODES = {"strict": "strict", "mutual": "permissive"}
"""The original's `mutual` lets plain traffic in as well."""


def objects_of(
    adapter: Adapter, trait: Trait, *, version: str, is_removal: bool
) -> Sequence[Object]:
    """The objects of a trait, to be applied or deleted.

    UnsupportedError for a trait that is unknown or cannot be undone, InvalidInputError for one that
    says nothing.
    """
    name = trait.name.partition(".")[0]
    if name.lower() == "mtls":
        return _mtls(adapter, trait, version)
    if name.lower() == "automaticsidecarinjection" and adapter.mesh.injection is not None:
        if is_removal:
            raise UnsupportedError(
                f"{trait.name} is not undone by an adapter: namespaces would be deleted",
                remedy="let namespaces leave the mesh on a Meshery server",
            )
        return _injection(adapter, trait)
    raise UnsupportedError(
        f"this adapter takes no trait {trait.name}",
        remedy="apply a behaviour in its place",
    )


def _mtls(adapter: Adapter, trait: Trait, version: str) -> Sequence[Object]:
    mode = _MODES.get(str(trait.properties.get("policy", "")).lower())
    if mode is None:
        raise InvalidInputError(f"{trait.name} has no policy", remedy="one of mutual, strict")
    behaviours = [
        Behaviour(
            f"mtls-{namespace}",
            Kind.MTLS,
            Target("*", namespace=namespace),
            Mtls(mode=mode, scope="namespace"),  # type: ignore[arg-type]  # one of its values
        )
        for namespace in _namespaces(trait)
    ]
    made = adapter.render(behaviours, World(version=version))
    for outcome in made.outcomes:
        if outcome.fidelity is Fidelity.UNSUPPORTED:
            raise UnsupportedError(
                f"{adapter.mesh.title} has no {trait.name}",
                cause="; ".join(outcome.notes),
                remedy=outcome.alternative,
            )
    return made.objects


def _injection(adapter: Adapter, trait: Trait) -> Sequence[Object]:
    injection = adapter.mesh.injection
    if injection is None or not (injection.namespace_labels or injection.namespace_annotations):
        raise UnsupportedError(f"namespaces do not join {adapter.mesh.title} by a mark of theirs")
    marks = {
        "labels": dict(injection.namespace_labels),
        "annotations": dict(injection.namespace_annotations),
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, **{key: value for key, value in marks.items() if value}},
        }
        for name in _namespaces(trait)
    ]


def _namespaces(trait: Trait) -> list[str]:
    found = trait.properties.get("namespaces")
    names = [str(each) for each in found] if isinstance(found, list) else []
    if not names:
        raise InvalidInputError(f"{trait.name} names no namespaces")
    return names
