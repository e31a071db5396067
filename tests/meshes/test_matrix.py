"""Every behaviour on every mesh in every version: rendered, or told why not.

What is judged is what `meshery.behaviours` promises, with behaviours that know of no mesh.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from meshery.adapters.mesh import Mesh
from meshery.behaviours.describe import Parameter, parameters_of
from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.rendering import Outcome, Rendering, World
from meshes.matrix import cells, digest, told_objects
from meshes.registered import generations, registered, standing
from meshes.samples import (
    CHANGES,
    Document,
    behaviours,
    documents,
    full_world,
    variations,
)

_COMMON = {"on", "to", "from", "per", "add", "set", "path", "name", "status", "host", "service"}
"""Names of parameters that are plain words too: they count where the sentence is about them."""
_SAID = {
    "target.service": r"\b(services?|workloads?|callers?|clients?|target|mesh)\b",
    "target.namespace": r"\bnamespaces?\b|\bwhole mesh\b",
    "target.port": r"\bports?\b",
    "target.subset": r"\bsubsets?\b|\bwhole mesh\b",
    "source": r"\b(sources?|callers?)\b",
}
"""How a note tells of what stands outside the parameters."""

_WITHOUT_MEANING = {"to.weight"}
"""A mirror has one backend, whose share is `percent`."""


@pytest.mark.parametrize("kind", list(Kind))
def test_the_samples_set_every_parameter(kind: Kind) -> None:
    given = {path for document in documents(kind) for path in _paths(document["params"])}
    assert sorted(set(_leaves(parameters_of(kind))) - given - _WITHOUT_MEANING) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_every_change_can_be_made_somewhere(kind: Kind) -> None:
    made = {path for document in documents(kind) for path, _ in variations(document)}
    assert sorted(set(CHANGES[kind]) - made) == []


def test_every_folder_of_a_mesh_is_registered() -> None:
    names = {mesh.name for mesh in standing().values()}
    assert sorted(names - set(registered())) == []


@pytest.mark.parametrize("name", list(registered()))
def test_every_cell_says_something_true(name: str) -> None:
    mesh = registered()[name]
    faults = [
        f"{version} {behaviour.name}: {fault}"
        for version, world, behaviour in cells(mesh)
        for fault in _faults(mesh.render([behaviour], world), behaviour)
    ]
    assert not faults, _listed(faults)


@pytest.mark.parametrize(("name", "version"), generations())
def test_all_behaviours_together_have_their_outcomes_in_order(name: str, version: str) -> None:
    given = [behaviour for kind in Kind for behaviour in behaviours(kind)]
    rendering = registered()[name].render(given, full_world(version))
    assert [each.behaviour for each in rendering.outcomes] == [each.name for each in given]
    faults = [fault for outcome in rendering.outcomes for fault in _faults_told(outcome)]
    names = told_objects(rendering.objects)
    faults += [f"{made} is there twice" for made in sorted(set(names)) if names.count(made) > 1]
    told = {made for outcome in rendering.outcomes for made in outcome.objects}
    faults += [f"no behaviour tells of {made}" for made in names if made not in told]
    faults += [f"{made} is told and not there" for made in sorted(told) if made not in names]
    assert not faults, _listed(faults)


@pytest.mark.parametrize(("name", "version"), generations())
def test_no_parameter_is_dropped_in_silence(name: str, version: str) -> None:
    mesh, world = registered()[name], full_world(version)
    silent = [
        f"{document['name']} {path}: {document['params']} on {document['target']}"
        for kind in Kind
        for document in documents(kind)
        for path in _silent(mesh, world, document)
    ]
    assert not silent, _listed(silent)


def test_the_objects_do_not_hang_on_the_order_of_sets() -> None:
    found = {_digest_of_another_process(seed) for seed in ("1", "2")}
    assert found == {digest()}


def _silent(mesh: Mesh, world: World, document: Document) -> Iterator[str]:
    """Paths of what can be changed without a change of objects and without being named."""
    base: Rendering | None = None
    for path, changed in variations(document):
        if base is None:
            base = mesh.render([_parsed(document)], world)
        found = mesh.render([changed], world)
        if path in _SAID and not base.objects and not found.objects:
            continue  # what is not done is done to nobody
        if _same(base, found) and not _is_named(path, found.outcomes[0], base.outcomes[0]):
            yield path


def _parsed(document: Document) -> Behaviour:
    return next(
        each for each in behaviours(Kind(document["kind"])) if each.name == document["name"]
    )


def _same(one: Rendering, other: Rendering) -> bool:
    """Whether a change made no difference, where there are objects in which it could."""
    before, after = one.outcomes[0], other.outcomes[0]
    if Fidelity.UNSUPPORTED in {before.fidelity, after.fidelity}:
        # What cannot be done at all says so; a change to or from that is a difference.
        return False
    # What is told differently is not silent ("5 per hour are done as 1 each second").
    return one.objects == other.objects and before.notes == after.notes


def _is_named(path: str, *outcomes: Outcome) -> bool:
    if path in _SAID:
        said = [note for outcome in outcomes for note in outcome.notes]
        return any(re.search(_SAID[path], note) for note in said)
    words = [word for word in re.split(r"[.#]", path) if not word.isdigit()]
    return any(
        _names(note, word) for outcome in outcomes for note in outcome.notes for word in words
    )


def _names(note: str, word: str) -> bool:
    if word in _COMMON:
        return re.search(rf"^{word}\b|[`\"'.]{word}\b|\b{word} (is|has|of)\b", note) is not None
    return re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", note) is not None


def _faults(rendering: Rendering, behaviour: Behaviour) -> Iterator[str]:
    """What is wrong with the rendering of one behaviour."""
    if [each.behaviour for each in rendering.outcomes] != [behaviour.name]:
        yield f"outcomes of {[each.behaviour for each in rendering.outcomes]}"
        return
    (outcome,) = rendering.outcomes
    yield from _faults_told(outcome)
    if outcome.fidelity is Fidelity.UNSUPPORTED:
        if rendering.objects:
            yield "is unsupported and has objects"
        return
    if not rendering.objects and not outcome.notes:
        yield "has neither an object nor a note"
    if sorted(set(outcome.objects)) != sorted(told_objects(rendering.objects)):
        yield f"tells of {outcome.objects}, not of {told_objects(rendering.objects)}"
    for made in rendering.objects:
        yield from _object_faults(made)


def _faults_told(outcome: Outcome) -> Iterator[str]:
    """What is wrong with what a person is told."""
    if outcome.fidelity is Fidelity.UNSUPPORTED and not outcome.alternative:
        yield f"{outcome.behaviour} is unsupported without an alternative"
    if outcome.fidelity is Fidelity.UNSUPPORTED and outcome.objects:
        yield f"{outcome.behaviour} is unsupported and tells of objects"
    if outcome.fidelity is Fidelity.APPROXIMATE and not outcome.notes:
        yield f"{outcome.behaviour} is approximate and says nothing"
    said = [*outcome.notes, *([outcome.alternative] if outcome.alternative else [])]
    yield from (f"not a clear sentence: {note!r}" for note in said if not _is_clear(note))


def _is_clear(note: str) -> bool:
    """Whether it reads as a sentence: several words, whole, nothing of Python's own."""
    return (
        len(note.split()) >= 3
        and note == " ".join(note.split())
        and note[-1] not in ",;:-(["
        and all(note.count(left) == note.count(right) for left, right in ("()", "[]"))
        and re.search(r"\bNone\b|\bTrue\b|\bFalse\b|[{}]|\b_ms\b|\w_ms\b|<[A-Z]|\bfrom_\b", note)
        is None
    )


_DNS = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def _object_faults(made: dict[str, Any]) -> Iterator[str]:
    metadata = made.get("metadata", {})
    told = f"{made.get('kind')} {metadata.get('name')}"
    if not made.get("apiVersion") or not made.get("kind"):
        yield f"{told} has no apiVersion or kind"
    if not _DNS.fullmatch(str(metadata.get("name", ""))):
        yield f"{told} has a name that no object may have"
    if "status" in made:
        yield f"{told} has a status"
    try:
        same = json.loads(json.dumps(made, allow_nan=False))
    except (TypeError, ValueError) as error:
        yield f"{told} is no JSON: {error}"
    else:
        if same != made:
            yield f"{told} is another as JSON"


def _leaves(parameters: Sequence[Parameter], under: str = "") -> Iterator[str]:
    for parameter in parameters:
        path = f"{under}.{parameter.name}".strip(".")
        if parameter.fields:
            yield from _leaves(parameter.fields, path)
        elif not path.startswith(_DEEP) or parameter.name in _MATCHED:
            yield path


_DEEP = ("match.",)
_MATCHED = {"path", "method"}


def _paths(value: Any, under: str = "") -> Iterator[str]:
    """The paths of what a document sets, without the places in lists."""
    if isinstance(value, dict):
        yield under
        for name, item in value.items():
            yield from _paths(item, f"{under}.{name}".strip("."))
    elif isinstance(value, list):
        yield under
        for item in value:
            yield from _paths(item, under)
    else:
        yield under


def _listed(faults: Sequence[str]) -> str:
    shown = "\n".join(faults[:40])
    return f"{len(faults)} faults:\n{shown}"


def _digest_of_another_process(seed: str) -> str:
    tests = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", "from meshes.matrix import digest; print(digest())"],
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join([str(tests), *sys.path]),
        },
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout.strip()
