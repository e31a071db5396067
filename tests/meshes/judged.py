"""Rendered objects held against the schemas of the mesh's own kinds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from meshery.adapters.mesh import Mesh
from meshery.behaviours.document import parse_behaviour
from meshes.parameters import changes, world_of

Document = dict[str, Any]
# Kinds of Kubernetes' own, which the API server judges.
PLAIN = {"Service", "Deployment", "StatefulSet", "DaemonSet", "Ingress"}


def check(mesh: Mesh, golden: Path, versions: Sequence[str]) -> None:
    """Schemas are schemas, take what golden files hold and whatever is rendered; none is idle."""
    for each in mesh.kinds:
        Draft7Validator.check_schema(each.schema)
    kept = list(_kept(golden))
    assert [told for made in kept for told in faults(mesh, made)] == []
    own = {each.kind for each in mesh.kinds}
    seen = {made["kind"] for made in kept}
    for version in versions:
        for _, _, document, _ in changes():
            objects = mesh.render([parse_behaviour(document)], world_of(version)).objects
            seen |= {made["kind"] for made in objects}
            assert [told for made in objects for told in faults(mesh, made)] == [], document
    assert own - seen == set(), "kinds that nothing is rendered to"


def faults(mesh: Mesh, made: Document) -> list[str]:
    """What the schema of an object's kind does not take in it."""
    kinds = {(each.api_version, each.kind): each.schema for each in mesh.kinds}
    schema = kinds.get((made["apiVersion"], made["kind"]))
    if schema is None:
        return [] if made["kind"] in PLAIN else [f"{made['kind']} is no kind of {mesh.name}"]
    return [
        f"{made['kind']} {'.'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in Draft7Validator(schema).iter_errors(made)
    ]


def _kept(golden: Path) -> Iterator[Document]:
    for file in sorted(golden.glob("*.yaml")):
        yield from list(yaml.safe_load_all(file.read_text()))[1]["objects"]
