"""The main job, as a person runs it: one command on a machine where nothing runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.document import misfits
from docs.examples import run_page
from faults.house import House, assert_gone
from fixtures.loopback import LoopbackServer, loopback
from meshery.demo.report import report_text

__all__ = ["loopback"]

COMMAND = [str(Path(sys.executable).with_name("mesheryctl")), "demo"]


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"MESHERY_HOME": str(home), "MESHERY_SERVER_PORT": "0"}


@pytest.mark.timeout(300)
def test_the_first_page_measures_and_proves_and_leaves_nothing_running(tmp_path: Path) -> None:
    ended = []

    def look(line: str) -> None:
        if line.startswith("mesheryctl demo"):
            assert_gone(House(tmp_path / "home"))
            ended.append(line)

    run_page(Path(__file__).parents[2] / "docs" / "start.md", tmp_path, after=look)
    assert len(ended) == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert misfits(report) == []
    assert report["schema"] == "meshery.demo/1"
    assert report["overhead"]["path"] == "web->api"
    assert report["overhead"]["validity"] in {"valid", "degraded", "invalid"}
    assert bool(report["overhead"]["reasons"]) == (report["overhead"]["validity"] != "valid")
    assert [cost["name"] for cost in report["overhead"]["functions"]] == [
        "mtls",
        "access",
        "route",
        "retries",
        "ratelimit",
    ]
    for arm in report["overhead"]["arms"].values():
        assert arm["requests"] > 0
        assert 0 < arm["p50_us"] <= arm["p90_us"] <= arm["p99_us"]
    assert report["overhead"]["delta_us"]["p50"]["low"] > 0, "two proxies cost something"
    assert [proof["kind"] for proof in report["behaviours"]] == ["split", "fault"]
    for proof in report["behaviours"]:
        assert proof["passed"], proof
        assert proof["samples"] >= 1000
    assert report["sandbox"]["name"] in report_text(report)


def test_the_base_install_says_what_is_missing(tmp_path: Path) -> None:
    """The extras are hidden from a real interpreter, as in an environment without them."""
    blocker = tmp_path / "hide"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "hidden = {'fastapi', 'nicegui', 'sqlalchemy', 'envoy'}\n"
        "u.find_spec = lambda name, package=None: None if name in hidden else real(name, package)\n"
    )
    ran = subprocess.run(
        COMMAND,
        env=environment(tmp_path / "home") | {"PYTHONPATH": str(blocker)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "meshery[sandbox,server]" in ran.stderr
    assert ran.stdout == ""


def test_a_behaviour_that_failed_is_in_the_report_and_in_the_exit_code(
    loopback: LoopbackServer,
) -> None:
    ended = {"id": "o1", "kind": "demo.run", "state": "partial", "result": {"passed": False}}
    ended["error"] = {"what": "1 of 2 behaviours did not do what they say"}
    document = json.dumps(ended)
    loopback.says("/api/demo", 202, json.dumps({"id": "o1", "kind": "demo.run", "state": "queued"}))
    loopback.says("/api/operations/o1", 200, document)
    stream = f"event: operation\ndata: {document}\n\n"
    loopback.says("/api/operations/o1/events", 200, stream, kind="text/event-stream")
    ran = subprocess.run(
        [*COMMAND, "--server", loopback.url, "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert json.loads(ran.stdout) == {"passed": False}
    assert "did not do what they say" in ran.stderr
    asked = [(method, path) for method, path, _, _ in loopback.seen]
    assert asked[0] == ("GET", "/api/sandboxes/shop"), "whatever else runs there"
    assert asked[-1] == ("DELETE", "/api/sandboxes/shop"), "it was not there before"


def test_a_sandbox_that_ran_before_stays(loopback: LoopbackServer) -> None:
    loopback.says("/api/sandboxes/shop", 200, '{"name": "shop", "state": "up"}')
    ran = subprocess.run(
        [*COMMAND, "--server", loopback.url], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, "this server knows no demo"
    assert [method for method, _, _, _ in loopback.seen] == ["GET", "POST"]


def test_an_unknown_sandbox_is_one_clear_error(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*COMMAND, "--sandbox", "shopp"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "bookinfo, learn, shop" in ran.stderr
    assert_gone(House(tmp_path))
