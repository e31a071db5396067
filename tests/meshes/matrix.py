"""Every behaviour, mesh and version: what is rendered, in one order."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import key_of
from meshery.adapters.mesh import Mesh
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import World
from meshes.registered import generations, registered
from meshes.samples import behaviours, full_world, worlds


def versions(mesh: Mesh) -> tuple[str, ...]:
    """The versions that a mesh is rendered for; one without a name where it has none."""
    return tuple(version.name for version in mesh.versions.known) or ("",)


def cells(mesh: Mesh) -> Iterator[tuple[str, World, Behaviour]]:
    """Every behaviour in every version; in the newest of each generation at every place."""
    newest = {version for name, version in generations() if name == mesh.name}
    for version in versions(mesh):
        places = worlds(version) if version in newest else (full_world(version),)
        for world in places:
            for kind in Kind:
                for behaviour in behaviours(kind):
                    yield version, world, behaviour


def digest() -> str:
    """One digest of all objects, notes and alternatives of each mesh's generations."""
    found = hashlib.sha256()
    for name, version in generations():
        world = full_world(version)
        for kind in Kind:
            rendering = registered()[name].render(behaviours(kind), world)
            said = [
                [str(each.fidelity), each.notes, each.alternative] for each in rendering.outcomes
            ]
            found.update(json.dumps([rendering.objects, said]).encode())
    return found.hexdigest()


def told_objects(objects: Sequence[dict[str, Any]]) -> list[str]:
    """Objects as outcomes name them: `Kind namespace/name`."""
    keys = [key_of(made) for made in objects]
    return [
        f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
        for _, kind, namespace, name in keys
    ]
