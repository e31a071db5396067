"""The server's life as a person runs it: start, look, stop. Each test has a home of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.server import RunningServer, home_environment, mesheryctl
from meshery.client.home import running_pid, running_server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    mesheryctl("system", "stop", environment=home_environment(home))
    assert running_pid(home) is None


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return mesheryctl(*words, environment=home_environment(home))


def test_start_status_logs_restart_stop(home: Path) -> None:
    started = run(home, "system", "start")
    assert started.returncode == 0, started.stderr
    server = running_server(home)
    assert server
    assert server.url in started.stderr
    again = run(home, "system", "start", "-o", "json")
    assert json.loads(again.stdout)["url"] == server.url  # a second start is no fault
    status = run(home, "system", "status")
    assert status.returncode == 0
    assert "worker" in status.stdout
    assert run(home, "system", "logs").returncode == 0
    assert run(home, "system", "logs", "nats", "-n", "5").stdout.count("\n") <= 5
    restarted = run(home, "system", "restart")
    assert restarted.returncode == 0, restarted.stderr
    assert running_pid(home) not in (None, server.pid)
    stopped = run(home, "system", "stop")
    assert "Meshery has stopped" in stopped.stderr
    assert run(home, "system", "status").returncode == 3
    assert "no server runs" in run(home, "system", "stop").stderr


def test_two_starts_at_once_give_one_server(home: Path) -> None:
    argv = [sys.executable, "-m", "meshery.cli.main", "system", "start"]
    environment = home_environment(home)
    both = [
        subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [command.communicate(timeout=60)[1] for command in both]
    assert [command.returncode for command in both] == [0, 0], told
    server = running_server(home)
    assert server
    assert all(server.url in text for text in told)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    environment = home_environment(home, MESHERY_SERVER_HOST="0.0.0.0")
    shown = mesheryctl("system", "start", environment=environment)
    assert shown.returncode == 3
    assert "the server ended while it started" in shown.stderr
    assert "provider with login" in shown.stderr
    assert "mesheryctl system check" in shown.stderr


def test_ctrl_c_while_starting_leaves_nothing(home: Path) -> None:
    argv = [sys.executable, "-m", "meshery.cli.main", "system", "start"]
    with subprocess.Popen(argv, env=home_environment(home), stderr=subprocess.PIPE) as command:
        deadline = time.monotonic() + 20
        while running_pid(home) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        command.send_signal(signal.SIGINT)
        _, told = command.communicate(timeout=30)
    assert command.returncode == 130, told
    assert running_pid(home) is None


def test_logs_are_followed(home: Path) -> None:
    (home / "logs").mkdir(parents=True)
    log = home / "logs" / "server.log"
    log.write_text("one\ntwo\n")
    argv = [sys.executable, "-m", "meshery.cli.main", "system", "logs", "-f", "-n", "1"]
    with subprocess.Popen(
        argv, env=home_environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout
        assert command.stdout.readline() == "two\n"
        with log.open("a") as file:
            file.write("three\n")
        assert command.stdout.readline() == "three\n"
        log.write_text("new\n")  # rotated
        assert command.stdout.readline() == "new\n"
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=10)
    assert command.returncode == 130


def test_an_unknown_log_names_the_known(home: Path) -> None:
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "nats.log").write_text("")
    shown = run(home, "system", "logs", "moon")
    assert shown.returncode == 1
    assert "nats" in shown.stderr


def test_stop_never_hits_a_stranger(home: Path) -> None:
    """A home whose server was killed names a pid that may be anybody's by now."""
    home.mkdir(parents=True)
    (home / "server.lock").write_text(str(os.getpid()))
    (home / "server.json").write_text(f'{{"pid":{os.getpid()},"url":"http://x","started_at":1}}')
    assert "no server runs" in run(home, "system", "stop").stderr


def test_the_servers_version_is_told(server: RunningServer) -> None:
    shown = server.mesheryctl("version", "--with-server", "-o", "json")
    assert {row["name"] for row in json.loads(shown.stdout)} == {"mesheryctl", "server"}


def test_settings_as_the_server_read_them(server: RunningServer) -> None:
    shown = server.mesheryctl("system", "settings", "--from-server", "-o", "json")
    assert shown.returncode == 0
    assert json.loads(shown.stdout)[0]["name"] == "home"


def test_a_wrong_token_is_told(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong")
    words = ("--token-file", str(tmp_path / "wrong"), "--server", server.url)
    shown = server.mesheryctl(*words, "system", "status")
    assert shown.returncode == 1
    assert "does not know you" in shown.stderr
