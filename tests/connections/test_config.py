"""`system config`: managed clusters, with small programs in place of the vendors' own."""

import asyncio
import dataclasses
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connections.kubeconfigs import access_of
from fixtures.kube import kubectl
from meshery.connections.flatten import kubeconfig_of
from meshery.connections.rest import router
from meshery.core.settings import KubernetesSettings
from meshery.kube.local.binaries import KUBECTL
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from performance.serving import served

CLUSTER = "mine"


class Machine:
    """A person's machine: a home, a PATH of its own, and mesheryctl."""

    def __init__(self, url: str, folder: Path, plane: ControlPlane) -> None:
        self._url = url
        self.home = folder
        self.plane = plane
        self.bin = folder / "bin"
        self.bin.mkdir()

    def install(self, name: str, script: str) -> None:
        """A program that really runs."""
        file = self.bin / name
        file.write_text(f"#!{sys.executable}\n{script}")
        file.chmod(0o755)

    def install_kubectl(self) -> None:
        (self.bin / "kubectl").symlink_to(self.plane.binaries.path(KUBECTL))

    async def run(self, *words: str, exit_code: int = 0) -> tuple[str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "meshery.cli.main"),
            *("--server", self._url, "system", "config", *words),
            env={"HOME": str(self.home), "PATH": str(self.bin)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate()
        assert process.returncode == exit_code, (out + said).decode()
        return out.decode(), said.decode()

    async def json(self, *words: str, exit_code: int = 0) -> Any:
        return json.loads((await self.run(*words, "-o", "json", exit_code=exit_code))[0])

    @property
    def calls(self) -> list[list[str]]:
        """What the programs were asked."""
        file = self.home / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def writes(home: Path, document: Mapping[str, Any]) -> str:
    """Notes how it was called, and writes a kubeconfig where it was told to."""
    return f"""
import json, os, sys
words = sys.argv[1:]
with open({str(home / "calls")!r}, "a") as calls:
    calls.write(json.dumps([os.path.basename(sys.argv[0]), *words]) + "\\n")
print("Merged a context into the kubeconfig")
flags = [flag for flag in ("--file", "--kubeconfig") if flag in words]
path = words[words.index(flags[0]) + 1] if flags else os.environ["KUBECONFIG"]
with open(path, "w") as file:
    json.dump({dict(document)!r}, file)
"""


def with_exec(plane: ControlPlane, command: str) -> dict[str, Any]:
    """As clouds write it: a program that prints a token."""
    document = kubeconfig_of([access_of(plane, name=CLUSTER)])
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "interactiveMode": "Never",
    }
    document["users"] = [{"name": CLUSTER, "user": {"exec": plugin}}]
    return document


def prints_token(plane: ControlPlane) -> str:
    status = {"token": plane.token()}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    return f"import json; print(json.dumps({answer | {'status': status}!r}))"


@pytest.fixture
async def machine(single: Platform, tmp_path: Path, kube: ControlPlane) -> AsyncIterator[Machine]:
    async with served(single, router) as http:
        yield Machine(http.url, tmp_path, kube)


VENDORS = [
    ("az", ["aks", "--name", "c", "--resource-group", "g"], ["--resource-group", "g"]),
    ("aws", ["eks", "--name", "c", "--region", "eu-1"], ["update-kubeconfig", "--name", "c"]),
    ("gcloud", ["gke", "--name", "c", "--location", "z"], ["get-credentials", "c"]),
    ("minikube", ["minikube", "--profile", "p"], ["update-context", "--profile", "p"]),
]


@pytest.mark.parametrize(("program", "words", "asked"), VENDORS, ids=[row[0] for row in VENDORS])
async def test_a_vendors_kubeconfig_is_connected(
    machine: Machine, program: str, words: list[str], asked: list[str]
) -> None:
    document = kubeconfig_of([access_of(machine.plane, name=CLUSTER)])
    machine.install(program, writes(machine.home, document))
    (planned,) = await machine.json(*words, "--dry-run")
    assert (planned["login"], planned["error"]) == ("token", None)
    (outcome,) = await machine.json(*words)
    assert (outcome["context"], outcome["outcome"]) == (CLUSTER, "connected")
    call = machine.calls[-1]
    assert call[0] == program
    assert " ".join(asked) in " ".join(call)
    assert [path.name for path in machine.home.glob("**/config")] == []


async def test_a_login_by_program_becomes_a_service_account(machine: Machine) -> None:
    plugin = machine.bin / "token-helper"
    machine.install("token-helper", prints_token(machine.plane))
    machine.install("aws", writes(machine.home, with_exec(machine.plane, str(plugin))))
    words = ["eks", "--name", "c"]
    (planned,) = await machine.json(*words, "--dry-run")
    assert planned["login"] == "token"
    _, said = await machine.run(*words, exit_code=2)
    assert "ServiceAccount kube-system/meshery" in said
    assert "needs a yes" in said
    _, said = await machine.run(*words, "--yes", exit_code=1)
    assert "kubectl is not on PATH" in said
    machine.install_kubectl()
    try:
        (outcome,) = await machine.json(*words, "--yes")
        assert outcome["outcome"] == "connected"
        assert outcome["connection"]["login"] == "token"
        (again,) = await machine.json(*words, "--yes", "--cluster-role", "view")
        assert again["updated"]
        found = await kubectl(
            machine.plane, "get", "clusterrolebindings", "meshery-cluster-admin", "meshery-view"
        )
        assert "ClusterRole/view" in found
    finally:
        await forget_account(machine.plane)


async def forget_account(plane: ControlPlane) -> None:
    system = ("-n", "kube-system", "--ignore-not-found")
    await kubectl(plane, "delete", "serviceaccount/meshery", "secret/meshery-token", *system)
    bindings = ("meshery-cluster-admin", "meshery-view")
    await kubectl(plane, "delete", "clusterrolebinding", *bindings, "--ignore-not-found")


async def test_another_refusal_makes_no_account(
    single: Platform, tmp_path: Path, kube: ControlPlane
) -> None:
    plugin = tmp_path / "bin" / "token-helper"
    allowed = KubernetesSettings(exec_commands=(str(plugin),))
    settings = msgspec.structs.replace(single.settings, kubernetes=allowed)
    async with served(dataclasses.replace(single, settings=settings), router) as http:
        machine = Machine(http.url, tmp_path, kube)
        machine.install("token-helper", prints_token(kube))
        document = with_exec(kube, str(plugin))
        document["clusters"][0]["cluster"]["server"] = kube.url.replace("://", "://me:hidden@")
        machine.install("aws", writes(machine.home, document))
        machine.install_kubectl()
        _, said = await machine.run("eks", "--name", "c", "--yes", exit_code=2)
    assert "holds a name or a password" in said
    assert "ServiceAccount" not in said
    assert "hidden" not in said


async def test_a_missing_failing_or_silent_program_is_told(machine: Machine) -> None:
    words = ["gke", "--name", "c", "--location", "z"]
    _, said = await machine.run(*words, exit_code=1)
    assert "gcloud is not on PATH" in said
    machine.install("gcloud", "import sys; sys.exit('you are not logged in')")
    _, said = await machine.run(*words, exit_code=1)
    assert "you are not logged in" in said
    assert "gcloud auth login" in said
    machine.install("gcloud", "pass")
    _, said = await machine.run(*words, exit_code=1)
    assert "wrote no kubeconfig" in said
    machine.install("gcloud", writes(machine.home, {"kind": "Config"}))
    _, said = await machine.run(*words, exit_code=2)
    assert "no contexts" in said


async def test_a_cluster_that_makes_no_account_is_told(machine: Machine) -> None:
    machine.install("token-helper", "print('rubbish')")
    plugin = str(machine.bin / "token-helper")
    machine.install("aws", writes(machine.home, with_exec(machine.plane, plugin)))
    machine.install_kubectl()
    _, said = await machine.run("eks", "--name", "c", "--yes", exit_code=1)
    assert "administrator" in said
