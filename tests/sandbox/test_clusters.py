"""A throw-away API server of a person's own: started, used, listed, lost, stopped."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import RunningServer, serving
from meshery.kube.local.binaries import API_SERVER, ETCD, KUBECTL, find


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of these tests' own: others count sandboxes."""
    with serving(tmp_path_factory.mktemp("clusters") / "home") as running:
        yield running


def kubectl(kubeconfig: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(find().path(KUBECTL)), "--kubeconfig", kubeconfig, *words]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)


def listed(server: RunningServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        server.mesheryctl("sandbox", "list", "-o", "json").stdout
    )["clusters"]
    return found


def processes_below(folder: Path) -> list[int]:
    """Processes of a control plane whose files lie in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command and any(
                name.encode() in command for name in (ETCD, API_SERVER, "meshery.kube.local")
            ):
                found.append(int(entry.name))
    return found


def test_a_cluster_is_started_used_lost_and_stopped(server: RunningServer) -> None:
    folder = server.home / "clusters" / "trial"
    up = server.mesheryctl("sandbox", "up", "trial", "--kubernetes", "-o", "json", timeout_s=180)
    assert up.returncode == 0, up.stderr
    found = json.loads(up.stdout)
    assert (found["name"], found["state"]) == ("trial", "up")
    assert Path(found["kubeconfig"]).stat().st_mode & 0o077 == 0
    made = kubectl(found["kubeconfig"], "create", "namespace", "shop")
    assert made.returncode == 0, made.stderr
    again = server.mesheryctl("sandbox", "up", "trial", "--kubernetes")
    assert again.returncode == 1
    assert "runs already" in again.stderr
    assert [each["state"] for each in listed(server)] == ["up"]
    assert "trial" in server.mesheryctl("sandbox", "list").stdout
    connected = server.mesheryctl(
        "kubernetes", "connect", "--kubeconfig", found["kubeconfig"], "--kube-context", "trial"
    )
    assert connected.returncode == 0, connected.stdout
    _lose(server, folder)
    back = server.mesheryctl("sandbox", "up", "trial", "--kubernetes", "-o", "json", timeout_s=180)
    assert back.returncode == 0, back.stderr
    kept = kubectl(json.loads(back.stdout)["kubeconfig"], "get", "namespace", "shop")
    assert kept.returncode == 0, kept.stderr
    assert server.mesheryctl("sandbox", "down", "trial", timeout_s=90).returncode == 0
    assert listed(server) == []
    assert not folder.exists()
    assert processes_below(folder) == []


def _lose(server: RunningServer, folder: Path) -> None:
    """Kill what the supervisor started; its parts end with it."""
    owner = min(pid for pid in processes_below(folder) if b"meshery.kube.local" in _command(pid))
    os.kill(owner, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if [each["state"] for each in listed(server)] == ["lost"] and not processes_below(folder):
            return
        time.sleep(0.2)
    raise AssertionError(listed(server), processes_below(folder))


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_what_cannot_be_is_told(server: RunningServer) -> None:
    bad = server.mesheryctl("sandbox", "up", "No Name", "--kubernetes")
    assert bad.returncode == 2
    assert "is no name" in bad.stderr
    assert server.mesheryctl("sandbox", "up", "-f", "x.yaml", "--kubernetes").returncode == 2
    none = server.mesheryctl("sandbox", "down", "nothing")
    assert none.returncode == 1
