"""The child itself: what it does without its parent, without Helm, and with another's settings."""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from fixtures.waiting import until
from kube.helm.samples import chart, python_without_library
from meshery.core.errors import UnsupportedError
from meshery.kube.access import Access, Credentials
from meshery.kube.helm.calls import Answer, Line, Order, Render
from meshery.kube.helm.helm import Helm
from meshery.kube.helm.login import kubeconfig_of
from meshery.kube.helm.model import Rendered

_PARENT = """
import asyncio, sys
from meshery.kube.helm.chart import read_chart
from meshery.kube.helm.helm import Helm
from pathlib import Path

async def main():
    async with Helm() as helm:
        await helm.render(read_chart(Path(sys.argv[1]), source="", digest=""), release="e")

asyncio.run(main())
"""


@pytest.mark.parametrize("at_once", [True, False], ids=["unborn", "at work"])
async def test_a_child_does_not_outlive_its_parent(at_once: bool) -> None:
    words = [sys.executable, "-c", _PARENT, chart("endless").folder]
    parent = await asyncio.create_subprocess_exec(*words)
    try:
        await until(lambda: _has(parent.pid), what="a child")
        (child,) = _started_by(parent.pid)
        await until(lambda: _is_in_its_folder(child), what="the child's own program")
        folder = _folder_of(child)
        if not at_once:
            await until(lambda: _is_rendering(child), what="the template")
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: _is_gone(child), what="the child's end")
    assert not _is_there(folder)  # it goes before the child does


def test_it_can_be_asked_by_hand() -> None:
    order = Order(call=Render(chart=chart("weaver").folder, release="w"))
    done = subprocess.run(
        [sys.executable, "-m", "meshery.kube.helm.child"],
        input=msgspec.json.encode(order) + b"\n",
        capture_output=True,
        check=True,
    )
    line = msgspec.json.decode(done.stdout, type=Line)
    assert isinstance(line, Answer)
    assert msgspec.json.decode(line.value, type=Rendered).objects


async def test_without_helm_the_remedy_is_told(tmp_path: Path) -> None:
    async with Helm(python=python_without_library(tmp_path, path="/nowhere")) as helm:
        with pytest.raises(UnsupportedError) as caught:
            await helm.render(chart("weaver"), release="w")
    assert "meshery[charts]" in caught.value.remedy


async def test_a_login_is_written_flat_and_whole() -> None:
    credentials = Credentials(
        token="t0ken", act_as="ann", act_as_groups=("dev",), act_as_extra={"why": ("test",)}
    )
    access = Access(
        name="x", server="https://host:6443", ca="PEM", credentials=credentials, insecure=True
    )
    found = yaml.safe_load(await kubeconfig_of(access, namespace="mill"))
    assert found["users"][0]["user"] == {
        "token": "t0ken",
        "as": "ann",
        "as-groups": ["dev"],
        "as-user-extra": {"why": ["test"]},
    }
    cluster = found["clusters"][0]["cluster"]
    assert cluster == {"server": "https://host:6443", "insecure-skip-tls-verify": True}
    assert found["contexts"][0]["context"]["namespace"] == "mill"
    basic = Access(
        name="x", server="https://h", credentials=Credentials(username="u", password="p")
    )
    (user,) = yaml.safe_load(await kubeconfig_of(basic, namespace="n"))["users"]
    assert user["user"] == {"username": "u", "password": "p"}


def _folder_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").resolve()


async def _is_in_its_folder(pid: int) -> bool:
    return "meshery-helm-" in str(_folder_of(pid))


def _is_there(folder: Path) -> bool:
    return folder.exists()


async def _is_rendering(pid: int) -> bool:
    """Whether Helm's library is at work, with threads of its own."""
    return len(_threads_of(pid)) > 4


def _threads_of(pid: int) -> list[str]:
    return [entry.name for entry in Path(f"/proc/{pid}/task").iterdir()]


async def _has(parent: int) -> bool:
    return bool(_started_by(parent))


def _started_by(parent: int) -> list[int]:
    path = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


async def _is_gone(pid: int) -> bool:
    return not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    try:
        # Without anybody to reap it, it stays as a zombie.
        return "\nState:\tZ" not in status.read_text()
    except OSError:
        return False
