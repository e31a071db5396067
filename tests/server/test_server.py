"""A running server from outside: problems, metrics, documents, its start and its end."""

import json
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx2
import psutil
import pytest

from fixtures.http import NO_TLS
from fixtures.server import RunningServer, home_environment, serving
from meshery.client.home import running_pid
from meshery.core.errors import ConflictError, InvalidInputError, NotFoundError
from meshery.core.settings import Settings


def run_server(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "meshery.cli.process", "server"],
        capture_output=True,
        check=False,
        env=environment,
        text=True,
        timeout=40,
    )


def processes_of(home: Path) -> list[str]:
    """Command lines of all processes that belong to a home."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            if str(home) in words or process.environ().get("MESHERY_HOME") == str(home):
                found.append(words)
        except psutil.Error:
            continue
    return found


def until_none_is_left(home: Path) -> None:
    deadline = time.monotonic() + 10
    while processes_of(home):
        assert time.monotonic() < deadline, processes_of(home)
        time.sleep(0.05)


def test_every_part_of_ours_is_loaded_and_runs(server: RunningServer) -> None:
    with server.client() as client:
        components = client.get("/api/system/components")["items"]
    assert {"database", "bus", "supervisor", "nats", "worker"} <= {c["name"] for c in components}
    assert [component for component in components if component["state"] != "ok"] == []


def test_unknown_paths_and_methods_are_problems(server: RunningServer) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}
    missing = httpx2.post(f"{server.url}/api/nope/x", headers=bearer, verify=NO_TLS)
    assert (missing.status_code, missing.json()["code"]) == (404, "meshery.not_found")
    wrong = httpx2.delete(f"{server.url}/api/operations", headers=bearer)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    for answer in (missing, wrong):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"]


def test_errors_reach_the_client_as_what_they_are(server: RunningServer) -> None:
    with server.client() as client:
        with pytest.raises(NotFoundError):
            client.get("/api/operations/nope")
        with pytest.raises(InvalidInputError) as caught:
            client.get("/api/operations", order="secret")
        assert caught.value.specific_code == "meshery.order"


def test_a_repeated_post_is_answered_alike_and_done_once(server: RunningServer) -> None:
    bearer = {"Authorization": f"Bearer {server.token}", "Idempotency-Key": uuid.uuid4().hex}
    bearer["Content-Type"] = "application/json"
    url = f"{server.url}/api/performance/profiles"
    first, second = (
        httpx2.post(url, content=b"{}", headers=bearer, verify=NO_TLS) for _ in range(2)
    )
    assert first.status_code == 400
    assert (second.status_code, second.content) == (400, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    other = httpx2.post(url, content=b"[]", headers=bearer, verify=NO_TLS)
    assert other.status_code == 422
    assert other.json()["code"] == "meshery.idempotency_key"


def test_metrics_tell_of_requests_and_operations(server: RunningServer) -> None:
    with server.client() as client:
        client.get("/api/operations")
        text = client.get("/metrics")
    assert 'meshery_operations{state="running"}' in text
    assert 'meshery_http_requests_total{method="GET",route="/api/operations",status="200"}' in text
    assert "meshery_refused_requests_total" in text
    assert "meshery_event_subscribers " in text
    assert "process_resident_memory_bytes" in text or sys.platform != "linux"
    assert server.token not in text


def test_the_api_describes_itself(server: RunningServer) -> None:
    with server.client() as client:
        document = client.get("/openapi.json")
        page = client.get("/docs")
    assert "/api/operations/{operation_id}/cancel" in document["paths"]
    assert "/api/operations/{operation_id}/cancel" in page
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route.get("summary"), f"{method} {path} has no summary"


def test_settings_are_shown_with_their_origin(server: RunningServer) -> None:
    with server.client() as client:
        rows = {row["name"]: row for row in client.get("/api/system/settings")["items"]}
    assert rows["server.port"]["origin"] == "environment MESHERY_SERVER_PORT"


def test_files_of_the_home_are_for_its_owner_only(server: RunningServer) -> None:
    assert server.home.stat().st_mode & 0o077 == 0
    for name in ("token", "key", "server.json", "server.lock"):
        assert (server.home / name).stat().st_mode & 0o077 == 0, name


def test_a_second_server_of_a_home_is_refused(server: RunningServer) -> None:
    shown = run_server(**server.environment)
    assert shown.returncode == ConflictError.exit_code
    assert "another Meshery server runs in" in shown.stderr
    assert str(server.process.pid) in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_taken_port_is_one_clear_error(server: RunningServer, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    shown = run_server(**home_environment(tmp_path / "other", MESHERY_SERVER_PORT=port))
    assert shown.returncode == 1
    assert f"port {port} is taken" in shown.stderr
    assert "MESHERY_SERVER_PORT" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_an_address_for_others_is_refused(tmp_path: Path) -> None:
    shown = run_server(**home_environment(tmp_path / "home", MESHERY_SERVER_HOST="0.0.0.0"))
    assert shown.returncode == 1
    assert "provider with login" in shown.stderr
    assert "ssh -L" in shown.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_server(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "home"
    with serving(home) as running:
        assert len(processes_of(home)) >= 4
        running.process.send_signal(number)
        code = running.process.wait(25)
    assert code == (0 if number != signal.SIGKILL else -signal.SIGKILL), running.log
    assert running_pid(home) is None
    until_none_is_left(home)
    if number != signal.SIGKILL:
        assert not (home / "server.json").exists()


def test_servers_of_one_postgresql_need_one_bus(
    postgresql_settings: Settings, tmp_path: Path
) -> None:
    shared = {"MESHERY_DATABASE_URL": postgresql_settings.database.url}
    with serving(tmp_path / "one", **shared) as first, first.client() as client:
        assert client.get("/api/operations")["total"] == 0
        shown = run_server(**home_environment(tmp_path / "two", **shared))
        assert shown.returncode == 1
        assert "another server uses this database" in shown.stderr
        assert "bus.url" in shown.stderr
        assert "Traceback" not in shown.stderr
    with serving(tmp_path / "two", **shared) as second:
        assert httpx2.get(f"{second.url}/healthz/ready", verify=NO_TLS).status_code == 200


def test_what_died_and_came_back_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as running, running.client() as client:
        parts = {part["name"]: part for part in client.get("/api/system/components")["items"]}
        pid = int(parts["worker"]["detail"].split("pid ")[1].split(",")[0])
        psutil.Process(pid).kill()
        deadline = time.monotonic() + 15
        told: list[str] = []
        while not told:
            assert time.monotonic() < deadline, running.log
            time.sleep(0.1)
            events = client.get("/api/events", category="system")["items"]
            told = [event["text"] for event in events if event["subject"]["id"] == "worker"]
    assert "killed by signal 9; it is back" in told[0]


def test_the_database_survives_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as first:
        token = first.token
        first.process.kill()
        first.process.wait()
    with serving(home) as second, second.client() as client:
        assert second.token == token
        assert client.get("/healthz/ready") == {"status": "ready"}


def test_the_server_loads_only_its_own_libraries() -> None:
    show = (
        "import json, sys, meshery.server.main, meshery.server.app, meshery.server.lifespan\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, check=True, text=True)
    loaded = set(json.loads(shown.stdout))
    roots = {name.split(".")[0] for name in loaded}
    assert not roots & {"kubernetes", "grpc", "numpy"}
    assert not [name for name in loaded if name.startswith(("meshery.cli.", "meshery.meshes"))]
