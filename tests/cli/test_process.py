"""The `meshery` executable: one role each, and words for who asks wrongly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROLES = ("server", "worker", "discovery", "operator", "adapter", "injector", "supervisor")


def meshery(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "meshery.cli.process", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"MESHERY_HOME": str(home)},
    )


def test_help_names_every_role(tmp_path: Path) -> None:
    done = meshery("--help", home=tmp_path)
    assert done.returncode == 0
    assert all(role in done.stdout for role in ROLES)


def test_the_version_is_told(tmp_path: Path) -> None:
    from meshery import __version__

    assert meshery("--version", home=tmp_path).stdout == f"meshery {__version__}\n"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_help(role: str, tmp_path: Path) -> None:
    done = meshery(role, "--help", home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")


def test_no_role_is_a_usage_error(tmp_path: Path) -> None:
    assert meshery(home=tmp_path).returncode == 2
    done = meshery("baker", home=tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'baker'" in done.stderr


def test_settings_that_cannot_be_used_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("server:\n  port: many\nlog:\n  level: loud\n")
    done = meshery("server", home=tmp_path)
    assert done.returncode == 2
    assert "server.port" in done.stderr
    assert "log.level" in done.stderr
    assert "remedy" in done.stderr


def test_a_worker_of_its_own_demands_what_can_be_shared(tmp_path: Path) -> None:
    done = meshery("worker", home=tmp_path)
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr
    assert "bus.url" in done.stderr
    assert "key_file" in done.stderr
    assert not (tmp_path / "key").exists(), "a key of its own would seal what nobody can open"
    assert "remedy" in done.stderr


def test_a_file_of_settings_can_be_named(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("server:\n  port: -1\n")
    done = meshery("worker", "--config", str(other), home=tmp_path)
    assert done.returncode == 2
    assert "server.port" in done.stderr
