"""REST and the command line of connections, on a real server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from connections.kubeconfigs import access_of, hostile, merged, nowhere, program, text_of
from fixtures.http import NO_TLS
from meshery.connections.rest import router
from meshery.discovery.rest_operator import router as operator_router
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from performance.serving import served

BASE = "/api/kubernetes/contexts"


@pytest.fixture
async def url(single: Platform) -> AsyncIterator[str]:
    async with served(single, router, operator_router) as http:
        yield http.url


class Rest:
    """One request each; the status is checked."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def __call__(self, method: str, path: str, status: int, **more: Any) -> Any:
        response = await self._http.request(method, f"{BASE}{path}", **more)
        assert response.status_code == status, response.text
        assert not response.content or "json" in response.headers["content-type"]
        return response.json() if response.content else None


@pytest.fixture
async def rest(url: str) -> AsyncIterator[Rest]:
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False, verify=NO_TLS) as http:
        yield Rest(http)


async def test_rest(rest: Rest, kube: ControlPlane) -> None:
    text = text_of(access_of(kube), nowhere())
    previews = (await rest("POST", "?dry_run=true", 200, content=text))["items"]
    assert [(each["context"], each["login"], each["error"]) for each in previews] == [
        (kube.context(), "token", None),
        ("away", "token", None),
    ]
    assert (await rest("GET", "", 200))["total"] == 0
    answer = await rest("POST", "", 201, content=text)
    assert [each["outcome"] for each in answer["items"]] == ["connected", "unreachable"]
    again = await rest("POST", f"?context={kube.context()}", 200, content=text)
    assert [each["updated"] for each in again["items"]] == [True]
    page = await rest("GET", "?order=-name&search=127.0.0.1", 200)
    assert sorted(each["name"] for each in page["items"]) == sorted(["away", kube.context()])
    await rest("GET", "?order=access", 400)
    shown = answer["items"][0]["connection"]
    assert await rest("GET", f"/{shown['id']}", 200) == again["items"][0]["connection"]
    assert (await rest("POST", f"/{shown['id']}/ping", 200))["state"] == "reachable"
    assert kube.token() not in json.dumps([answer, again, page])
    assert not {"access", "token", "ca"} & set(shown)
    await rest("DELETE", f"/{shown['id']}", 204)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/ping")):
        problem = await rest(method, f"/{shown['id']}{path}", 404)
        assert problem["remedy"]


async def test_rest_refuses_with_reasons(rest: Rest) -> None:
    bad = merged(
        hostile("runs", program()), hostile("reads", {}, **{"certificate-authority": "/x"})
    )
    answer = await rest("POST", "", 200, content=bad)
    assert [each["outcome"] for each in answer["items"]] == ["refused", "refused"]
    assert all(each["error"]["problems"] for each in answer["items"])
    problem = await rest("POST", "?context=runs", 400, content=bad)
    assert problem["code"] == "meshery.kubeconfig.refused"
    assert problem["errors"][0]["path"] == "users[0].user.exec.command"
    assert "ServiceAccount" in problem["remedy"]
    assert (await rest("POST", "", 400, content="a: [\n"))["errors"][0]["line"] == 2
    assert (await rest("POST", "", 400, content=""))["detail"] == "the kubeconfig has no contexts"
    huge = await rest("POST", "", 422, content="x" * 1_048_577)
    assert huge["code"] == "meshery.kubeconfig.size"
    await rest("POST", "?in_cluster=true", 503)


class Cli:
    """`mesheryctl kubernetes` against a server, with a home and an environment of its own."""

    def __init__(self, url: str, home: Path) -> None:
        self._url = url
        self._home = home

    async def __call__(
        self, *words: str, exit_code: int = 0, stdin: str = "", **environment: str
    ) -> str:
        """Standard output; on another exit code than 0, what was said besides."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("mesheryctl")),
            *("--server", self._url, "kubernetes", *words),
            env={"HOME": str(self._home), "PATH": "/usr/bin:/bin", **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate(stdin.encode())
        assert process.returncode == exit_code, (out + said).decode()
        return (out + said if exit_code else out).decode()

    async def json(self, *words: str, exit_code: int = 0, **environment: str) -> Any:
        text = await self(*words, "-o", "json", exit_code=exit_code, **environment)
        return json.loads(text)


@pytest.fixture
def cli(url: str, tmp_path: Path) -> Cli:
    return Cli(url, tmp_path)


async def test_the_command_line(cli: Cli, kube: ControlPlane) -> None:
    file, name = str(kube.kubeconfig), kube.context()
    (planned,) = await cli.json(
        "connect", "--kubeconfig", file, "--kube-context", name, "--dry-run"
    )
    assert planned["error"] is None
    assert (await cli.json("list"))["total"] == 0
    # The file names the authority's file: it is read here, and not by the server.
    outcomes = await cli.json("connect", "--kubeconfig", file, "--kube-context", name)
    assert [(each["context"], each["outcome"]) for each in outcomes] == [(name, "connected")]
    told = await cli("connect", "--kubeconfig", file, "--kube-context", name)
    assert "renewed" in told
    assert (await cli("connect", KUBECONFIG=file, exit_code=0)).count(kube.options.name) >= 3
    assert name in (await cli("list", "-o", "name")).split()
    listed = await cli("list")
    assert "reachable" in listed
    assert kube.token() not in listed
    assert (await cli.json("view", name))["server"] == kube.url
    assert (await cli.json("ping", name))["state"] == "reachable"
    assert "needs a yes" in await cli("disconnect", name, exit_code=2)
    await cli("disconnect", name, "--yes")
    assert "is connected" in await cli("view", name, exit_code=1)


async def test_the_usual_file_and_stdin(cli: Cli, tmp_path: Path, kube: ControlPlane) -> None:
    assert "no kubeconfig" in await cli("connect", exit_code=2)
    usual = tmp_path / ".kube" / "config"
    usual.parent.mkdir()
    token = tmp_path / "token"
    token.write_text(kube.token() + "\n")
    config = yaml.safe_load(kube.kubeconfig.read_text())
    config["users"] = [
        {"name": each["name"], "user": {"tokenFile": str(token)}} for each in config["users"]
    ]
    usual.write_text(yaml.safe_dump(config))
    outcomes = await cli.json("connect", "--kube-context", kube.context())
    assert outcomes[0]["connection"]["state"] == "reachable"
    told = await cli("connect", "--kubeconfig", "-", stdin=text_of(access_of(kube, name="piped")))
    assert "piped" in told


async def test_each_context_is_told_and_the_exit_code_says_it(
    cli: Cli, tmp_path: Path, kube: ControlPlane
) -> None:
    config = json.loads(text_of(access_of(kube, name="good"), nowhere()))
    for part in (
        hostile("runs", program("my-login")),
        hostile("unread", {"tokenFile": str(tmp_path / "none")}),
    ):
        for section, entries in part.items():
            config[section] += entries
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    outcomes = await cli.json("connect", "--kubeconfig", str(file), exit_code=1)
    assert {each["context"]: each["outcome"] for each in outcomes} == {
        "good": "connected",
        "away": "unreachable",
        "runs": "refused",
        "unread": "refused",
    }
    told = await cli("connect", "--kubeconfig", str(file), "--kube-context", "runs", exit_code=2)
    assert "my-login" in told
    assert "ServiceAccount" in told
    assert (await cli.json("ping", "away", exit_code=1))["state"] == "unreachable"
    assert "cannot read" in await cli("connect", "--kubeconfig", "/no/such/file", exit_code=2)
    assert "no context 'ghost'" in await cli(
        "connect", "--kubeconfig", str(file), "--kube-context", "ghost", exit_code=1
    )
