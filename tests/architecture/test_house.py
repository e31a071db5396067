"""The house keeps its own rules: rooms' doors, module sizes, and what stands in the tree."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "meshery"
OTHERS = {"versions", "_proto"}
"""Migrations, and what is generated."""
MODULES = sorted(path for path in SOURCE.rglob("*.py") if not OTHERS & {*path.parts})
HARD_STOP = 600


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_is_one_noun_of_bearable_size(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= HARD_STOP


@pytest.mark.parametrize("package", sorted(SOURCE.rglob("__init__.py")), ids=name)
def test_a_room_holds_its_docstring_and_nothing_else(package: Path) -> None:
    body = ast.parse(package.read_text()).body
    allowed = 2 if package.parent == SOURCE else 1
    assert len(body) <= allowed


def test_every_room_is_on_the_map() -> None:
    page = (ROOT / "docs" / "explanation" / "map.md").read_text()
    rooms = [path.name for path in SOURCE.glob("[a-z]*") if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"`{room}/`" not in page] == []


def test_every_dependency_has_its_reason() -> None:
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[\[>=<;@ ]", entry)[0] for entries in lists for entry in entries}
    reasons = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    assert sorted(entry for entry in names - {"meshery"} if entry not in reasons) == []


def test_constraints_name_no_index() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert "-index" not in text.replace("No index", "")
