"""The checks themselves: what is right passes, and each fault is found by the check it is for."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from click.testing import CliRunner, Result

from adapters.acme import MESH, Bench, adapter
from adapters.programs import Original, listening
from meshery.adapters.checking import Checked, check_adapter
from meshery.adapters.checks import CHECKS
from meshery.adapters.commands import adapter as command
from meshery.adapters.library import Adapter, Task
from meshery.adapters.mesh import Mesh, Migration, Profile, Version
from meshery.adapters.security import ClientSecurity, ServerSecurity
from meshery.adapters.serving import serve
from meshery.behaviours.model import Behaviour, Fidelity
from meshery.behaviours.rendering import Rendering, World
from meshery.core.errors import UnavailableError

replace = msgspec.structs.replace


def by_name(checked: Sequence[Checked]) -> dict[str, Checked]:
    return {each.name: each for each in checked}


async def test_our_library_passes_every_check(bench: Bench) -> None:
    bench.go_on.set()
    security = ServerSecurity(token="t")
    async with serve(adapter(bench), port=0, security=security) as serving:
        shown = ClientSecurity(token="t")
        checked = await check_adapter(serving.address, security=shown, operation="acme")
    assert [each for each in checked if each.state != "passed"] == []
    assert len(checked) == len(CHECKS)
    assert bench.done.count("fetch") == 2, "carried out once, and once more up to the break"


async def test_nothing_is_carried_out_unless_it_is_named(bench: Bench) -> None:
    async with serve(adapter(bench), port=0) as serving:
        checked = by_name(await check_adapter(serving.address))
    assert checked["operation"].state == "skipped"
    assert bench.done == []
    assert bench.applied == []


async def test_an_adapter_of_the_original_passes_by_its_own_contract() -> None:
    async with listening("meshes.MeshService", Original().methods()) as (address, _):
        checked = by_name(await check_adapter(address))
    assert checked["original-operations"].state == "passed"
    assert checked["original-unknown"].state == "passed"
    assert checked["described"].state == "skipped"
    assert {name for name, each in checked.items() if each.state == "failed"} == {"reflection"}


async def test_a_description_that_cannot_be_read_is_a_finding() -> None:
    async def describe(_request: bytes, _context: Any) -> bytes:
        return b"\xff"

    methods = {"Describe": (describe, False)}
    async with listening("meshery.adapter.v1.Adapter", methods) as (address, _):
        checked = by_name(await check_adapter(address))
    assert checked["described"].state == "failed"
    assert "cannot be read" in checked["described"].reason
    assert checked["pure"].state == "skipped"


async def test_nobody_there_is_no_finding() -> None:
    with pytest.raises(UnavailableError):
        await check_adapter("127.0.0.1:1")


def with_versions(*names: str) -> Mesh:
    known = tuple(Version(name=name) for name in names)
    return replace(MESH, versions=replace(MESH.versions, known=known))


def rendering_as(change: Callable[[Rendering], Rendering]) -> Mesh:
    def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
        return change(MESH.render(behaviours, world))

    return replace(MESH, render=render)


def _first_outcome(**changed: Any) -> Mesh:
    def change(made: Rendering) -> Rendering:
        return Rendering(made.objects, (replace(made.outcomes[0], **changed), *made.outcomes[1:]))

    return rendering_as(change)


def _all_outcomes(**changed: Any) -> Mesh:
    return rendering_as(
        lambda made: Rendering(made.objects, tuple(replace(o, **changed) for o in made.outcomes))
    )


COUNT = iter(range(10_000))

FAULTS: list[tuple[str, Mesh]] = [
    ("described", replace(MESH, name="Acme!")),
    ("described", replace(MESH, smp="acme")),
    ("described", replace(MESH, title="")),
    ("versions", with_versions("1.9.0", "1.10.0")),
    ("versions", with_versions("v1.10.0")),
    ("versions", with_versions("1.10.0", "1.10.0")),
    ("versions", with_versions()),
    ("versions", replace(MESH, versions=replace(MESH.versions, as_of="lately"))),
    ("profiles", replace(MESH, profiles=(Profile(name="p", summary="", charts=("none",)),))),
    ("profiles", replace(MESH, charts=(replace(MESH.charts[0], needs=("none",)),))),
    ("schemas", replace(MESH, kinds=(replace(MESH.kinds[0], schema={"x": 1}),))),
    ("fidelity", _first_outcome(fidelity=Fidelity.APPROXIMATE, notes=())),
    ("fidelity", _first_outcome(fidelity=Fidelity.EXACT, notes=(), objects=())),
    ("fidelity", _all_outcomes(fidelity=Fidelity.UNSUPPORTED, notes=("no",), alternative="x")),
    ("fidelity", _all_outcomes(alternative="")),
    ("objects", _first_outcome(objects=("Policy shop/none",))),
    ("objects", rendering_as(lambda made: Rendering(made.objects * 2, made.outcomes))),
    ("objects", rendering_as(lambda made: Rendering(({"kind": "X"},), made.outcomes))),
    (
        "pure",
        rendering_as(
            lambda made: Rendering(({**made.objects[0], "n": next(COUNT)},), made.outcomes)
        ),
    ),
    ("fidelity", rendering_as(lambda made: Rendering(made.objects, made.outcomes[1:]))),
    ("migrations", replace(MESH, migrations=(Migration(to="x", why="", read=lambda _: ((), ())),))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mesh"), FAULTS)
async def test_a_fault_is_found_by_its_check(name: str, mesh: Mesh) -> None:
    async with serve(Adapter(mesh), port=0) as serving:
        checked = by_name(await check_adapter(serving.address))
    assert checked[name].state == "failed"
    assert checked[name].reason


class Broken(Adapter):
    def validate(self, objects: Any, names: Any = ()) -> list[Any]:
        return []

    def render(self, behaviours: Any, world: World) -> Rendering:
        raise ZeroDivisionError("of its own")


async def test_faults_of_the_program_are_found_and_end_nothing() -> None:
    async with serve(Broken(MESH), port=0) as serving:
        checked = by_name(await check_adapter(serving.address))
    assert checked["validators"].state == "failed"
    assert "ZeroDivisionError" in checked["pure"].reason
    assert checked["original-name"].state == "passed"


async def test_an_operation_without_steps_cannot_be_checked(bench: Bench) -> None:
    async with serve(adapter(bench), port=0) as serving:
        checked = by_name(await check_adapter(serving.address, operation="custom"))
        assert "no steps" in checked["operation"].reason
        checked = by_name(await check_adapter(serving.address, operation="dance"))
        assert "no operation dance" in checked["operation"].reason


async def test_two_steps_of_one_name_are_found(bench: Bench) -> None:
    task = Task("acme", "Acme", (bench.fetch, bench.fetch))
    async with serve(Adapter(MESH, tasks=(task,)), port=0) as serving:
        checked = by_name(await check_adapter(serving.address))
    assert "two steps of one name" in checked["steps"].reason


def ran(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), standalone_mode=False)


def project(folder: Path, name: str = "my-mesh") -> str:
    assert ran("new", name, "--directory", str(folder)).exception is None
    program = folder / f"{name.replace('-', '_')}_adapter.py"
    return f"{sys.executable} {program} --port 0"


def test_a_new_project_passes_at_once(tmp_path: Path) -> None:
    start = project(tmp_path / "made")
    assert sorted(each.name for each in (tmp_path / "made").iterdir()) == [
        "my_mesh_adapter.py",
        "pyproject.toml",
        "test_my_mesh_adapter.py",
    ]
    done = ran("check", "--start", start, "--operation", "my-mesh", "-o", "json")
    assert done.exception is None
    assert done.return_value == 0
    states = {each["state"] for each in json.loads(done.stdout)}
    assert states == {"passed", "skipped"}


def test_findings_are_exit_code_four_and_named_in_junit(tmp_path: Path) -> None:
    start = project(tmp_path / "made")
    program = tmp_path / "made" / "my_mesh_adapter.py"
    text = program.read_text()
    program.write_text(text.replace('as_of="2026-11-01", source="its own releases"),\n    render',
                                    'as_of="soon", source="x"),\n    render'))  # fmt: skip
    assert program.read_text() != text
    done = ran("check", "--start", start, "-o", "junit")
    assert done.exception is None
    assert done.return_value == 4
    suite = ET.fromstring(done.stdout)
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["versions"]
    assert suite.get("failures") == "1"


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "here:1", "--start", "true"),
        ("check", "no-port"),
        ("check", "--start", "true"),
        ("check", "--start", "/no/such/program"),
        ("check", "--start", "echo {}"),
        ("new", "Not A Name"),
        ("check", "127.0.0.1:1"),
        ("check", "127.0.0.1:1", "--ca", "/no/such/file"),
    ],
)
def test_what_cannot_be_checked_is_said(words: tuple[str, ...]) -> None:
    assert ran(*words).exception is not None


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    assert "already" in str(ran("new", "acme", "--directory", str(tmp_path)).exception)
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
