"""What is wrong in App Mesh's objects: references that lead nowhere, and pods of two nodes."""

from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.app_mesh.objects import GROUP
from meshery.meshes.look import at, dig, name_of, namespace_of, of_kind

Names = set[tuple[str, str]]


def references(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routers, nodes and services that are referred to and are not there."""
    return (*_routes(objects), *_providers(objects), *_backends(objects))


def weights(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routes whose targets have no weight at all."""
    return tuple(_weights(objects))


def nodes(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two VirtualNodes of the same pods: a pod is a member of one."""
    return tuple(_nodes(objects))


def _routes(objects: Sequence[Object]) -> Iterator[Problem]:
    known = _names(objects, "VirtualNode")
    for router in of_kind(objects, "VirtualRouter", GROUP):
        for place, target in _targets(router):
            reference = target.get("virtualNodeRef") or {}
            if reference:
                yield from _missing(
                    router, reference, known, f"{place}.virtualNodeRef", "VirtualNode"
                )


def _providers(objects: Sequence[Object]) -> Iterator[Problem]:
    for service in of_kind(objects, "VirtualService", GROUP):
        for kind in ("VirtualNode", "VirtualRouter"):
            word = kind[0].lower() + kind[1:]
            reference = dig(service, f"spec.provider.{word}.{word}Ref")
            if reference:
                path, known = f"spec.provider.{word}", _names(objects, kind)
                yield from _missing(service, reference, known, path, kind)


def _backends(objects: Sequence[Object]) -> Iterator[Problem]:
    known = _names(objects, "VirtualService")
    for node in of_kind(objects, "VirtualNode", GROUP):
        for position, backend in enumerate(dig(node, "spec.backends") or []):
            reference = dig(backend, "virtualService.virtualServiceRef")
            if reference:
                path = f"spec.backends[{position}]"
                yield from _missing(node, reference, known, path, "VirtualService")


def _weights(objects: Sequence[Object]) -> Iterator[Problem]:
    for router in of_kind(objects, "VirtualRouter", GROUP):
        for path, action in _actions(router):
            targets = action.get("weightedTargets") or []
            if targets and not any(each.get("weight") for each in targets):
                told = "have no weight at all"
                yield Problem(at(router, path), told, hint="give one of them a weight")


def _nodes(objects: Sequence[Object]) -> Iterator[Problem]:
    found = [
        (each, dig(each, "spec.podSelector.matchLabels") or {})
        for each in of_kind(objects, "VirtualNode", GROUP)
    ]
    for index, (node, labels) in enumerate(found):
        for other, more in found[:index]:
            overlap = (
                labels
                and more
                and (labels.items() <= more.items() or labels.items() >= more.items())
            )
            if overlap and namespace_of(node) == namespace_of(other):
                told = f"selects pods of VirtualNode {name_of(other)} too"
                hint = "a pod is a member of one node: give each a label of its own"
                yield Problem(at(node, "spec.podSelector"), told, hint=hint)


def _actions(router: Object) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, route in enumerate(dig(router, "spec.routes") or []):
        for field, body in route.items():
            if field.endswith("Route"):
                path = f"spec.routes[{position}].{field}.action.weightedTargets"
                yield path, body.get("action") or {}


def _targets(router: Object) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, action in _actions(router):
        for position, target in enumerate(action.get("weightedTargets") or []):
            yield f"{path}[{position}]", target


def _missing(
    found: Object, reference: dict[str, Any], known: Names, path: str, kind: str
) -> Iterator[Problem]:
    place = (str(reference.get("namespace") or namespace_of(found)), str(reference.get("name")))
    if place not in known:
        told = f"there is no {kind} {place[0]}/{place[1]}"
        yield Problem(at(found, path), told, hint="make it, or name another one")


def _names(objects: Sequence[Object], kind: str) -> Names:
    return {(namespace_of(each), name_of(each)) for each in of_kind(objects, kind, GROUP)}


VALIDATORS = {"references": references, "weights": weights, "nodes": nodes}
