"""The meshes that are there: those that are registered, and those whose folders stand."""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec

import meshery.meshes
from meshery.adapters.mesh import Mesh


@cache
def registered() -> dict[str, Mesh]:
    """The meshes that entry points name, by their names; those of folders where there are none."""
    named = [point.load() for point in entry_points(group="meshery.adapters")]
    found = [mesh for mesh in named if isinstance(mesh, Mesh)] or list(standing().values())
    return {mesh.name: mesh for mesh in sorted(found, key=lambda mesh: mesh.name)}


@cache
def standing() -> dict[str, Mesh]:
    """The meshes of the folders of `meshery.meshes`, by the names of the folders."""
    modules = pkgutil.iter_modules(meshery.meshes.__path__)
    folders = [module.name for module in modules if module.ispkg]
    places = {folder: f"meshery.meshes.{folder}.mesh" for folder in folders}
    return {
        folder: import_module(place).MESH
        for folder, place in places.items()
        if find_spec(place) is not None
    }


def generations() -> list[tuple[str, str]]:
    """Each mesh with its newest version of each major number: whose objects differ much."""
    pairs = []
    for mesh in registered().values():
        newest: dict[str, str] = {}
        for version in mesh.versions.known:
            newest.setdefault(_major(mesh, version.name), version.name)
        pairs += [(mesh.name, version) for version in newest.values() or ("",)]
    return pairs


def is_of_generation(mesh: Mesh, version: str, newest: str) -> bool:
    """Whether a version has the major number of the newest one of its generation."""
    return _major(mesh, version) == _major(mesh, newest)


def _major(mesh: Mesh, version: str) -> str:
    """The first number of a version; all the same where the calendar gives the names."""
    return version.partition(".")[0] if mesh.versions.ordering == "semver" else ""
