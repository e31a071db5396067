"""REST and the command line of sandboxes, on a real server with a worker."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.http import NO_TLS
from fixtures.loopback import answering
from meshery.operations.platform import Platform
from meshery.operations.rest import router as operations_router
from meshery.sandbox.cluster_rest import router as cluster_router
from meshery.sandbox.rest import router
from performance.serving import served

SOLO = """\
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: solo}
spec:
  services:
    - {name: web, calls: [api], echo: [udp]}
    - name: api
      versions: [{name: v1}, {name: v2}]
"""
BAD = """\
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: solo}
spec:
  services:
    - {name: web, calls: [ghost]}
    - {nam: api}
"""
ABORT = "name: late\nkind: fault\ntarget: api\nparams:\n  abort: {status: 418, percent: 100}\n"


class Cli:
    """`mesheryctl` against a server."""

    def __init__(self, url: str, home: Path) -> None:
        self._url = url
        self._home = home

    async def __call__(self, *words: str, exit_code: int = 0) -> str:
        """Standard output; on another exit code than 0 what was said instead."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("mesheryctl")),
            "--server",
            self._url,
            *words,
            env={"MESHERY_HOME": str(self._home), "PATH": "/usr/bin:/bin"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate()
        assert process.returncode == exit_code, (out + said).decode()
        return (said if exit_code else out).decode()

    async def json(self, *words: str) -> Any:
        return json.loads(await self(*words, "-o", "json"))


@pytest.fixture
async def url(worker: Platform) -> AsyncIterator[str]:
    async with served(worker, router, cluster_router, operations_router) as http:
        yield http.url


@pytest.fixture
def cli(url: str, tmp_path: Path) -> Cli:
    return Cli(url, tmp_path / "cli")


async def test_what_is_to_stop_is_asked_once(tmp_path: Path) -> None:
    with answering() as server:
        server.says("/api/sandboxes", 200, '{"items": [{"name": "solo"}]}')
        server.says("/api/sandbox-clusters", 200, '{"items": []}')
        server.says("/api/sandboxes/solo", 409, "{}")
        await Cli(server.url, tmp_path / "cli")("sandbox", "down", exit_code=1)
    asked = [(method, path.partition("?")[0]) for method, path, *_ in server.seen]
    assert asked == [
        ("GET", "/api/sandboxes"),
        ("GET", "/api/sandbox-clusters"),
        ("DELETE", "/api/sandboxes/solo"),
    ]


async def test_the_command_line(cli: Cli, tmp_path: Path) -> None:
    spec, behaviour = tmp_path / "solo.yaml", tmp_path / "late.yaml"
    spec.write_text(SOLO)
    behaviour.write_text(ABORT)
    assert "start one: mesheryctl sandbox up shop" in await cli("sandbox", "status", exit_code=1)
    view = await cli.json("sandbox", "up", "-f", str(spec))
    assert (view["name"], view["state"], view["sidecars"]) == ("solo", "up", 3)
    assert (await cli("sandbox", "list", "-o", "name")).split() == ["solo"]
    assert "solo already" in await cli("sandbox", "up", str(spec), exit_code=1)

    (planned,) = await cli.json(
        "sandbox", "apply", "split", "api", "--weights", "v1=100,v2=0", "--dry-run"
    )
    assert (planned["action"], planned["dry_run"]) == ("created", True)
    told = await cli("sandbox", "apply", "split", "api", "--weights", "v1=100,v2=0")
    assert "split-api" in told
    assert "created" in told
    answer = await cli.json("sandbox", "request", "api", "/version")
    assert (answer["status"], answer["headers"]["x-version"]) == (200, "v1")
    await cli("sandbox", "apply", "-f", str(behaviour))
    assert "418" in await cli("sandbox", "request", "api")
    assert (await cli.json("sandbox", "request", "api", "--direct"))["status"] == 200
    status = await cli("sandbox", "status")
    assert "split-api" in status
    assert "late" in status
    assert "udp://127.0.0.1:" in status
    undone = await cli.json("sandbox", "undo", "late", "split-api")
    assert [each["action"] for each in undone["result"]["changes"]] == ["deleted"] * 2
    assert "no behaviour late" in await cli("sandbox", "undo", "late", exit_code=1)
    assert await cli("sandbox", "logs", "web-v1-0", "--lines", "5") is not None
    ended = await cli.json("sandbox", "down")
    assert ended["state"] == "succeeded"
    assert (await cli.json("sandbox", "list"))["items"] == []


async def test_faults_of_a_file_are_told_all_at_once_with_lines(cli: Cli, tmp_path: Path) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text(BAD)
    told = await cli("sandbox", "up", "-f", str(spec), exit_code=2)
    assert ":6" in told
    assert ":7" in told
    assert "no service ghost" in told
    assert "did you mean name?" in told
    assert "name a sandbox" in await cli("sandbox", "up", exit_code=2)
    assert "bookinfo" in await cli("sandbox", "up", "nothing", exit_code=1)


async def test_rest(url: str) -> None:
    async with httpx2.AsyncClient(timeout=30, trust_env=False, verify=NO_TLS) as http:

        async def call(method: str, path: str, status: int, **more: Any) -> Any:
            response = await http.request(method, f"{url}/api/sandboxes{path}", **more)
            assert response.status_code == status, response.text
            return response.json()

        async def done(operation: Any) -> Any:
            for _ in range(400):
                found = (await http.get(f"{url}/api/operations/{operation['id']}")).json()
                if found["state"] == "succeeded":
                    return found
                assert found["state"] in {"queued", "running"}, found
                await asyncio.sleep(0.05)
            raise AssertionError("it did not end")

        assert [each["metadata"]["name"] for each in await call("GET", "/bundled", 200)] == [
            "bookinfo",
            "learn",
            "shop",
        ]
        assert (await call("POST", "?dry_run=true", 200, content=SOLO))["sidecars"] == 3
        bad = await call("POST", "", 400, content=BAD)
        assert [(fault["line"], fault["path"]) for fault in bad["errors"]] == [
            (6, "spec.services[0].calls[0]"),
            (7, "spec.services[1].nam"),
            (7, "spec.services[1].name"),
        ]
        await call("GET", "/solo", 404)
        key = {"Idempotency-Key": "one"}
        first = await call("POST", "", 202, content=SOLO, headers=key)
        again = await call("POST", "", 202, content=SOLO, headers=key)
        assert first["id"] == again["id"]
        await done(first)
        page = await call("GET", "?order=-name&search=sol", 200)
        assert [(item["name"], item["state"]) for item in page["items"]] == [("solo", "up")]
        await call("GET", "?order=secret", 400)
        status = await call("GET", "/solo/status", 200)
        assert len(status["instances"]) == 3
        echo = {each["name"]: each["echo"] for each in status["instances"]}
        assert echo.pop("web-v1-0")[0].startswith("udp://127.0.0.1:")
        assert echo == {"api-v1-0": [], "api-v2-0": []}

        refused = await call("POST", "/solo/behaviours", 400, content="name: x\nkind: split\n")
        assert refused["errors"]
        assert await call("POST", "/solo/behaviours?dry_run=true", 200, content=ABORT)
        await done(await call("POST", "/solo/behaviours", 202, content=ABORT))
        (item,) = (await call("GET", "/solo/behaviours", 200))["items"]
        assert (item["name"], item["kind"], item["fidelity"]) == ("late", "fault", "exact")
        proof = await call("POST", "/solo/behaviours/late/prove?samples=100", 200)
        assert (proof["passed"], proof["samples"]) == (True, 1_000)
        answer = await call("POST", "/solo/request", 200, json={"service": "api"})
        assert answer["status"] == 418
        await call("POST", "/solo/request", 400, json={"service": "api", "path": "x\r\nA: b"})
        await call("POST", "/solo/request", 404, json={"service": "ghost"})
        graph = await call("GET", "/solo/graph", 200)
        assert {node["id"] for node in graph["nodes"]} == {"web-v1", "api-v1", "api-v2"}
        await done(await call("DELETE", "/solo/behaviours/late", 202))
        logs = await http.get(f"{url}/api/sandboxes/solo/logs?instance=web-v1-0&part=app")
        assert logs.status_code == 200
        await call("GET", "/solo/logs?instance=ghost", 404)
        await done(await call("POST", "/solo/rotate", 202))
        await done(await call("DELETE", "/solo", 202))
        await call("DELETE", "/solo", 404)
