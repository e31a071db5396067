"""Golden files: behaviours in, native objects out, each file read by a person before it is kept.

A test of a mesh is `check(MESH, FOLDER)`. A file has two YAML documents. The first is written by
hand: a place, as `World` has it, and behaviours in the order in which they are given. The second
is what the renderer answers; `GOLDEN=write pytest ...` writes it anew, and the diff is reviewed.

    about: a canary beside retries
    world: {version: 1.31.0, namespace: shop}
    behaviours:
      - {name: again, kind: retry, target: api, params: {attempts: 3}}
    ---
    objects: [...]
    outcomes: [...]
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from meshery.adapters.mesh import Mesh
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.behaviours.rendering import Rendering, World


def check(mesh: Mesh, folder: Path) -> None:
    """Every golden file of a folder says what the renderer answers; there is at least one."""
    files = sorted(folder.glob("*.yaml"))
    assert files, f"no golden files in {folder}"
    for file in files:
        given, _, kept = file.read_text().partition("\n---\n")
        answered = _written(_rendered(mesh, yaml.safe_load(given)))
        if os.environ.get("GOLDEN") == "write":
            file.write_text(f"{given}\n---\n{answered}")
        else:
            assert kept == answered, f"{file} says otherwise; GOLDEN=write writes it anew"


def well_formed(rendering: Rendering, behaviours: Sequence[Behaviour]) -> None:
    """What holds for every rendering of every mesh, whatever the behaviours are."""
    names = [_name(each) for each in rendering.objects]
    assert len(names) == len(set(names)), "two objects of one name"
    assert [each.behaviour for each in rendering.outcomes] == [each.name for each in behaviours]
    told = {name for outcome in rendering.outcomes for name in outcome.objects}
    assert told == set(names), "each object belongs to a behaviour, and is there"
    for outcome in rendering.outcomes:
        assert outcome.fidelity == "exact" or outcome.notes, f"{outcome.behaviour} does not say why"
        if outcome.fidelity == "unsupported":
            assert outcome.alternative, f"{outcome.behaviour} does not say what comes nearest"


def _rendered(mesh: Mesh, given: dict[str, Any]) -> Rendering:
    world = msgspec.convert(given["world"], World)
    behaviours = [parse_behaviour(each) for each in given["behaviours"]]
    rendering = mesh.render(behaviours, world)
    assert rendering == mesh.render(behaviours, world), "rendering twice gives two answers"
    well_formed(rendering, behaviours)
    return rendering


def _name(made: dict[str, Any]) -> str:
    metadata = made["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    assert made["apiVersion"]
    return f"{made['kind']} {place}{metadata['name']}"


def _written(rendering: Rendering) -> str:
    plain = msgspec.to_builtins(rendering, order="deterministic")
    plain["objects"] = list(rendering.objects)  # keys in the order in which they are rendered
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Without anchors, which hide what is there twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
