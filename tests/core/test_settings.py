from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError
from meshery.core.settings import Settings, environment_name, load_settings


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


def test_a_postgresql_url_gets_its_asynchronous_driver() -> None:
    loaded = load_settings(
        environment={"MESHERY_DATABASE_URL": "postgresql://u@h/d", "MESHERY_HOME": "/nonexistent"}
    )
    assert loaded.settings.database_url == "postgresql+asyncpg://u@h/d"
