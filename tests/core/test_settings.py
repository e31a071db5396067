import re
from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError
from meshery.core.settings import Settings, load_settings
from meshery.core.settings_draft import environment_name


def test_flags_win_over_environment_over_file_over_default(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("server:\n  port: 1000\nload:\n  max_rps: 1000\nworker:\n  concurrency: 3\n")
    environment = {"MESHERY_SERVER_PORT": "2000", "MESHERY_LOAD_MAX_RPS": "2000"}
    loaded = load_settings(file=file, environment=environment, flags={"server.port": 3000})
    assert loaded.settings.server.port == 3000
    assert loaded.settings.load.max_rps == 2000
    assert loaded.settings.worker.concurrency == 3
    origins = {row.name: row.origin for row in loaded.rows()}
    assert origins["server.port"] == "flag"
    assert origins["load.max_rps"] == "environment MESHERY_LOAD_MAX_RPS"
    assert origins["worker.concurrency"] == f"file {file}"
    assert origins["server.host"] == "default"


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("server:\n  prot: 1\n  port: many\nworker:\n  lease: 15\n")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(file=file, environment={"MESHERY_LOG_LEVEL": "loud"})
    problems = {problem.path: problem for problem in caught.value.problems}
    assert problems["server.prot"].line == 2
    assert "server.port" in problems["server.prot"].hint
    assert problems["server.port"].line == 3
    assert problems["worker.lease"].line == 5
    assert problems["log.level"].line == 0


def test_a_section_that_is_no_section_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("server: 9081\n")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(file=file, environment={})
    assert caught.value.problems[0].path == "server"


def test_a_file_that_is_no_mapping_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("- server\n")
    with pytest.raises(InvalidInputError):
        load_settings(file=file, environment={})


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("")
    assert load_settings(file=file, environment={}).settings == Settings()


def test_booleans_and_lists_come_from_the_environment_as_words() -> None:
    environment = {
        "MESHERY_WORKER_EMBEDDED": "no",
        "MESHERY_SERVER_ALLOWED_HOSTS": "a.test, b.test",
    }
    settings = load_settings(environment=environment | {"MESHERY_HOME": "/nonexistent"}).settings
    assert settings.worker.embedded is False
    assert settings.server.allowed_hosts == ("a.test", "b.test")


def test_every_setting_has_a_meaning_and_an_environment_name() -> None:
    for row in load_settings(environment={"MESHERY_HOME": "/nonexistent"}).rows():
        assert row.meaning, row.name
        assert row.environment == environment_name(row.name)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=/run/pg"),
        ("sqlite:////var/m.db", "sqlite+aiosqlite:////var/m.db"),
        ("", "sqlite+aiosqlite:////nonexistent/meshery.db"),
    ],
)
def test_a_database_gets_its_asynchronous_driver(given: str, used: str) -> None:
    environment = {"MESHERY_DATABASE_URL": given, "MESHERY_HOME": "/nonexistent"}
    assert load_settings(environment=environment).settings.database_url == used


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MESHERY_RETENTION_OPERATIONS", "-1h"),
        ("MESHERY_WORKER_LEASE", "0s"),
        ("MESHERY_WORKER_BEAT", "-5s"),
        ("MESHERY_WORKER_REPUBLISH_AFTER", "0"),
        ("MESHERY_KUBERNETES_CHECK_EVERY", "0s"),
        ("MESHERY_DATABASE_BUSY_TIMEOUT", "-1s"),
        ("MESHERY_SERVER_PORT", "--5"),
        ("MESHERY_DATABASE_URL", "garbage"),
        ("MESHERY_DATABASE_URL", "mysql://u@h/d"),
        ("MESHERY_DATABASE_URL", "postgresql://u@h:port/d"),
        ("MESHERY_SERVER_PORT", "9" * 5000),
    ],
)
def test_a_value_that_nothing_could_work_with_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load_settings(environment={name: value, "MESHERY_HOME": "/nonexistent"})
    (problem,) = caught.value.problems
    assert environment_name(problem.path) == name


def test_every_duration_is_checked_as_one() -> None:
    for row in load_settings(environment={"MESHERY_HOME": "/nonexistent"}).rows():
        if isinstance(row.value, str) and re.fullmatch(r"[0-9]+(ms|s|m|h)", row.value):
            with pytest.raises(InvalidInputError):
                load_settings(environment={row.environment: "-1s", "MESHERY_HOME": "/nonexistent"})


def test_finished_rows_are_kept_for_ever_by_zero() -> None:
    environment = {"MESHERY_RETENTION_EVENTS": "0s", "MESHERY_HOME": "/nonexistent"}
    assert load_settings(environment=environment).settings.retention.events == "0s"


def test_a_claim_must_be_renewed_before_it_lapses(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("worker:\n  lease: 5s\n  beat: 5s\n")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(file=file, environment={})
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [
        ("worker.beat", 3)
    ]
