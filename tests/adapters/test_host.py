"""The host of adapters: entry points, ports, and what is wrong with one of them."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest

from adapters.original import original_client
from meshery.adapters.client import AdapterClient
from meshery.adapters.host import Host, HostOptions, read_ports
from meshery.adapters.host_process import load_token
from meshery.adapters.security import ClientSecurity, ServerSecurity
from meshery.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from meshery.core.settings import AdapterSettings

TESTS = Path(__file__).parents[1]
MODULE = """
from adapters.acme import MESH
import msgspec

ACME = msgspec.structs.replace(MESH, name="acme", port={acme})
BETA = msgspec.structs.replace(MESH, name="beta", smp="BETA", port={beta})
NUMBER = 7
"""
ENTRIES = """
[meshery.adapters]
acme = house_of_meshes:ACME
beta = house_of_meshes:BETA
broken = no_such_module:ADAPTER
number = house_of_meshes:NUMBER
"""


OURS = ("acme", "beta", "broken", "number")
"""Other adapters may be installed beside these."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def install(folder: Path, *, name: str = "house", entries: str = ENTRIES) -> dict[str, int]:
    """A distribution with meshes, as an installer leaves it; the ports of its meshes."""
    ports = {"acme": free_port(), "beta": free_port()}
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    (folder / "house_of_meshes.py").write_text(MODULE.format(**ports))
    return ports


@pytest.fixture
def ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    made = install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield made
    sys.modules.pop("house_of_meshes", None)


async def hosted(**options: Any) -> dict[str, Any]:
    async with Host(HostOptions(**options), ServerSecurity()) as host:
        return {each.name: each for each in host.hosted}


async def test_each_mesh_has_its_port_and_what_is_broken_is_told(ports: dict[str, int]) -> None:
    async with Host(HostOptions(names=OURS), ServerSecurity()) as host:
        told = {each.name: each for each in host.hosted}
        for name in ("acme", "beta"):
            assert told[name].address == f"127.0.0.1:{ports[name]}"
            async with AdapterClient(told[name].address) as client:
                assert (await client.describe()).name == name
        assert told["broken"].state == "disabled"
        assert "no_such_module" in told["broken"].reason
        assert "neither adapter nor mesh" in told["number"].reason


async def test_a_taken_port_disables_its_mesh_only(ports: dict[str, int]) -> None:
    with socket.create_server(("127.0.0.1", ports["acme"])):
        told = await hosted(names=OURS)
    assert told["acme"].state == "disabled"
    assert "another port" in told["acme"].reason
    assert told["beta"].state == "serving"


async def test_ports_can_be_others(ports: dict[str, int]) -> None:
    other = free_port()
    told = await hosted(ports={"acme": other}, names=["acme"])
    assert list(told) == ["acme"]
    assert told["acme"].address == f"127.0.0.1:{other}"


async def test_a_mesh_that_nobody_brings(ports: dict[str, int]) -> None:
    with pytest.raises(NotFoundError, match="no adapter gamma") as caught:
        await hosted(names=["gamma"])
    assert "acme" in caught.value.remedy


async def test_of_two_packages_with_one_name_the_second_is_left_out(
    ports: dict[str, int], tmp_path: Path
) -> None:
    entries = "[meshery.adapters]\nacme = house_of_meshes:ACME\n"
    install(tmp_path, name="second", entries=entries)
    async with Host(HostOptions(names=["acme"]), ServerSecurity()) as host:
        assert [each.state for each in host.hosted] == ["serving", "disabled"]
        assert "two packages" in host.hosted[1].reason


async def test_nothing_is_opened_to_others_without_protection(ports: dict[str, int]) -> None:
    with pytest.raises(ForbiddenError):
        await hosted(host="0.0.0.0", names=OURS)


@pytest.mark.parametrize("text", ["acme", "=1", "acme=x", "acme=70000", "acme="])
def test_ports_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no NAME=PORT"):
        read_ports([text])


def test_a_token_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load_token(AdapterSettings(), tmp_path)
    assert load_token(AdapterSettings(), tmp_path) == first
    assert (tmp_path / "adapter-token").stat().st_mode & 0o777 == 0o600
    assert len(first) > 30


@contextmanager
def running(
    folder: Path, home: Path, *arguments: str, **environment: str
) -> Iterator[tuple["subprocess.Popen[str]", Any]]:
    """`meshery adapter` as a process, and its line."""
    path = os.pathsep.join([str(folder), str(TESTS), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "meshery.cli.process", "adapter", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ
        | {"MESHERY_HOME": str(home), "MESHERY_ADAPTER_REFRESH": "0s", "PYTHONPATH": path}
        | environment,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield process, json.loads(line) if line else None
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_process_tells_where_adapters_are_and_leaves_nothing(tmp_path: Path) -> None:
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    ports = install(folder)
    named = [word for name in OURS for word in ("--mesh", name)]
    with running(folder, home, *named) as (process, ready):
        states = {each["name"]: each["state"] for each in ready["adapters"]}
        assert states == {
            "acme": "serving",
            "beta": "serving",
            "broken": "disabled",
            "number": "disabled",
        }
        told = msgspec.json.decode((home / "adapters" / "acme.json").read_bytes())
        assert told["address"] == f"127.0.0.1:{ports['acme']}"
        with original_client(told["address"]) as client:
            with pytest.raises(grpc.RpcError) as caught:
                client("MeshName")
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert list((home / "adapters").iterdir()) == []
    levels = [json.loads(line)["level"] for line in log.splitlines()]
    assert levels.count("error") == 2, "one line for each that cannot be served"


async def test_one_process_for_one_mesh_with_the_token_of_the_home(tmp_path: Path) -> None:
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    install(folder)
    with running(folder, home, "--mesh", "beta", "--port", "0") as (_, ready):
        (told,) = ready["adapters"]
        token = (home / "adapter-token").read_text()
        security = ClientSecurity(token=token)
        async with AdapterClient(told["address"], security=security) as client:
            assert (await client.describe()).name == "beta"


def test_servers_of_the_original_are_let_in_where_that_is_allowed(tmp_path: Path) -> None:
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    install(folder)
    with (
        running(folder, home, "--mesh", "acme", MESHERY_ADAPTER_ALLOW_PLAIN="true") as (_, ready),
        original_client(ready["adapters"][0]["address"]) as client,
    ):
        assert client("MeshName").name == "ACME"


def test_no_adapter_at_all_is_a_failure_with_words(tmp_path: Path) -> None:
    install(tmp_path)
    with running(tmp_path, tmp_path / "home", "--mesh", "broken") as (process, ready):
        assert ready is None
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no adapter can be served" in told
