"""A mesh that is left: its native objects come to behaviours, and these to a living mesh's."""

from collections.abc import Sequence
from typing import Any

import yaml

from meshery.adapters.mesh import Mesh
from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.behaviours.rendering import Rendering, World

Document = dict[str, Any]


def read(mesh: Mesh, native: str) -> tuple[list[Behaviour], Sequence[str]]:
    """The behaviours of native YAML, each one right, and what is lost."""
    objects = [each for each in yaml.safe_load_all(native) if each]
    documents, lost = mesh.migrations[0].read(objects)
    behaviours = [parse_behaviour(dict(each)) for each in documents]
    assert len({each.name for each in behaviours}) == len(behaviours)
    return behaviours, lost


def plain(behaviours: Sequence[Behaviour]) -> list[Document]:
    """Behaviours as documents, for comparing."""
    return [behaviour_document(each) for each in behaviours]


def rendered(living: Mesh, behaviours: Sequence[Behaviour]) -> Rendering:
    """What a living mesh makes of them, in its newest version."""
    newest = living.versions.known[0].name if living.versions.known else "1.31.0"
    return living.render(behaviours, World(version=newest, namespace="shop"))


def kinds(rendering: Rendering) -> list[str]:
    """The kinds of the objects, each once."""
    return sorted({each["kind"] for each in rendering.objects})


def read_again(mesh: Mesh, world: World, *documents: Document) -> list[Document]:
    """Behaviours that were rendered, read back from the objects."""
    behaviours = [parse_behaviour(each) for each in documents]
    objects = mesh.render(behaviours, world).objects
    found, _ = mesh.migrations[0].read(list(objects))
    return plain([parse_behaviour(dict(each)) for each in found])
