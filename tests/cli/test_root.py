import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.server import home_environment, mesheryctl
from meshery import __version__


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    # A port that nobody listens on: reserved ones below 1024 are not ours.
    return home_environment(tmp_path / "home", MESHERY_SERVER_PORT="1")


def test_usage_errors_say_what_to_do(environment: dict[str, str]) -> None:
    shown = mesheryctl("system", "nope", environment=environment)
    assert shown.returncode == 2
    assert "No such command 'nope'" in shown.stderr
    assert "mesheryctl system --help" in shown.stderr
    assert shown.stdout == ""


def test_with_json_an_error_is_one_document(environment: dict[str, str]) -> None:
    shown = mesheryctl("system", "status", "-o", "json", environment=environment)
    assert shown.returncode == 3
    assert shown.stdout == ""
    document = json.loads(shown.stderr)
    assert document["code"] == "meshery.unavailable"
    assert document["exit_code"] == 3
    assert "mesheryctl system start" in document["remedy"]


def test_a_group_without_a_verb_shows_its_help(environment: dict[str, str]) -> None:
    shown = mesheryctl("system", environment=environment)
    assert shown.returncode == 2
    assert "Commands:" in shown.stderr


def test_a_bad_duration_says_how_one_is_written(environment: dict[str, str]) -> None:
    shown = mesheryctl("system", "start", "--timeout", "10", environment=environment)
    assert shown.returncode == 2
    assert "10s" in shown.stderr


def test_a_bad_setting_is_told_with_file_and_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.yaml").write_text("server:\n  prot: 1\nlog:\n  level: loud\n")
    shown = mesheryctl("system", "settings", environment=environment)
    assert shown.returncode == 2
    assert "server.prot" in shown.stderr
    assert "did you mean server.port?" in shown.stderr
    assert "log.level" in shown.stderr
    assert "settings.yaml:2: server.prot" in shown.stderr


def test_version_as_json(environment: dict[str, str]) -> None:
    shown = mesheryctl("version", "-o", "json", environment=environment)
    assert json.loads(shown.stdout) == {"name": "mesheryctl", "version": __version__}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_has_a_script_for_each_shell(environment: dict[str, str], shell: str) -> None:
    shown = mesheryctl("completion", shell, environment=environment)
    assert shown.returncode == 0
    assert "_MESHERYCTL_COMPLETE" in shown.stdout


def test_completion_completes_nouns_and_verbs(environment: dict[str, str]) -> None:
    for words, index, expected in (
        ("mesheryctl sys", 1, "system"),
        ("mesheryctl system st", 2, "start"),
    ):
        asking = {
            "_MESHERYCTL_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(index),
        }
        shown = mesheryctl(environment={**environment, **asking})
        assert f"plain,{expected}" in shown.stdout


def test_a_reader_that_leaves_is_no_fault(environment: dict[str, str]) -> None:
    for words in ("--help", "system settings"):
        command = f"{sys.executable} -m meshery.cli.main {words} | head -c 1"
        shown = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True, check=False, env=environment, text=True,
        )  # fmt: skip
        assert (shown.returncode, shown.stderr) == (0, "")


def test_settings_show_value_origin_and_meaning(environment: dict[str, str]) -> None:
    shown = mesheryctl("system", "settings", "-o", "json", environment=environment)
    rows = {row["name"]: row for row in json.loads(shown.stdout)}
    assert rows["server.port"]["value"] == 1
    assert rows["server.port"]["origin"] == "environment MESHERY_SERVER_PORT"
    assert rows["server.host"]["origin"] == "default"
    assert all(row["meaning"] for row in rows.values())


def test_a_password_in_a_setting_is_masked(environment: dict[str, str]) -> None:
    url = "postgresql://me:hunter2@db.example/meshery"
    shown = mesheryctl(
        "system", "settings", environment={**environment, "MESHERY_DATABASE_URL": url}
    )
    assert "hunter2" not in shown.stdout
    assert "me:***@db.example" in shown.stdout


def test_a_question_without_a_terminal_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "meshery.db").write_text("rows")
    (home / "processes.json").write_text("what a killed supervisor left, environments with it")
    (home / "clusters" / "dev").mkdir(parents=True)
    (home / "notes.txt").write_text("mine")
    shown = mesheryctl("system", "reset", environment=environment)
    assert shown.returncode == 2
    assert "goes:  meshery.db" in shown.stderr
    assert (home / "meshery.db").exists()
    shown = mesheryctl("system", "reset", "--yes", environment=environment)
    assert shown.returncode == 0
    assert [path.name for path in home.iterdir()] == ["notes.txt"]


def test_check_finds_what_is_missing(environment: dict[str, str], tmp_path: Path) -> None:
    shown = mesheryctl("system", "check", "-o", "json", environment=environment)
    findings = {finding["name"]: finding for finding in json.loads(shown.stdout)}
    assert findings["nats"]["state"] == "ok"
    assert findings["envoy"]["state"] == "ok"
    assert findings["home"]["state"] == "ok"
    (tmp_path / "bare").mkdir()
    elsewhere = {**environment, "MESHERY_SERVER_HOST": "192.0.2.1"}
    shown = mesheryctl("system", "check", environment=elsewhere)
    assert shown.returncode == 4
    assert "MESHERY_SERVER_PORT" in shown.stdout
