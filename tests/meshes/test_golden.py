"""The runner of golden files is green only for what the renderer answers."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from meshery.adapters.draft import Draft, native, render_each
from meshery.adapters.mesh import Mesh, Status, Versions
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.behaviours.resilience import Retry
from meshes.golden import check

GIVEN = """\
# kept as it is
world: {version: 1.2.3, namespace: shop}
behaviours:
  - {name: again, kind: retry, target: api, params: {attempts: 3}}
"""
ANSWER = """\
objects:
- apiVersion: mesh.test/v1
  kind: Policy
  metadata:
    name: api
    namespace: shop
  spec:
    attempts: 3
outcomes:
- behaviour: again
  fidelity: exact
  objects:
  - Policy shop/api
"""


def _retry(draft: Draft) -> None:
    spec = {"attempts": draft.params(Retry).attempts}
    draft.put(native("mesh.test/v1", "Policy", draft.service.name, draft.namespace, spec))


def _render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    return render_each(behaviours, world, {Kind.RETRY: _retry}, {}, mesh="A mesh")


MESH = Mesh(
    name="test",
    title="A mesh",
    smp="TEST",
    port=10099,
    status=Status(state="active", as_of="2026-11-22", source="here"),
    versions=Versions(known=(), as_of="2026-11-22", source="here"),
    render=_render,
)


def test_a_file_that_says_what_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "retry.yaml").write_text(f"{GIVEN}---\n{ANSWER}")
    check(MESH, tmp_path)


def test_a_file_that_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "retry.yaml").write_text(f"{GIVEN}---\n{ANSWER}".replace("attempts: 3\no", "o"))
    with pytest.raises(AssertionError, match=r"retry\.yaml says otherwise"):
        check(MESH, tmp_path)


def test_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no golden files"):
        check(MESH, tmp_path)


def test_the_answer_is_written_and_what_was_given_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "retry.yaml").write_text(GIVEN.removesuffix("\n"))
    monkeypatch.setenv("GOLDEN", "write")
    check(MESH, tmp_path)
    assert (tmp_path / "retry.yaml").read_text() == f"{GIVEN}---\n{ANSWER}"
