"""The server's process tree on real processes: the killed come back, and the end takes all."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from fixtures.waiting import until
from meshery.core.bus import Bus
from meshery.core.bus_address import read_address
from meshery.core.errors import UnavailableError, UnsupportedError
from meshery.core.paths import runtime_dir
from meshery.core.settings import Settings, load_settings
from meshery.processes.model import ProcessSpec, Restart
from meshery.server.nats_child import nats_program
from meshery.server.tree import ProcessTree, Restarted, process_tree, settings_environment

SLEEPER = ProcessSpec("sandbox/shop/web", ("sleep", "300"), restart=Restart.ALWAYS)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    yield load_settings(flags={"home": str(tmp_path)}, environment={}).settings
    shutil.rmtree(runtime_dir(tmp_path), ignore_errors=True)
    assert gone(settings_home=tmp_path)


@pytest.fixture
async def tree(settings: Settings) -> AsyncIterator[ProcessTree]:
    async with process_tree(settings) as tree:
        yield tree


def of_home(home: Path) -> list[psutil.Process]:
    """Living processes of a home, but not this one."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_marked = process.environ().get("MESHERY_HOME") == str(home)
            is_supervisor = str(home) in process.cmdline()
            if (is_marked or is_supervisor) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def gone(*, settings_home: Path, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while of_home(settings_home) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not of_home(settings_home)


async def pid_of(tree: ProcessTree, name: str) -> int:
    (status,) = await tree.supervisor.list(name)
    return status.pid


@contextlib.asynccontextmanager
async def restarts(tree: ProcessTree) -> AsyncIterator[Callable[[str], asyncio.Future[Restarted]]]:
    """What the tree tells, by the name of what died."""
    told: dict[str, asyncio.Future[Restarted]] = {}

    def of(name: str) -> asyncio.Future[Restarted]:
        return told.setdefault(name, asyncio.get_running_loop().create_future())

    async def tell(restarted: Restarted) -> None:
        if not of(restarted.name).done():
            of(restarted.name).set_result(restarted)

    tree.on_restart(tell)
    async with asyncio.timeout(10):
        yield of


async def test_nats_answers_with_its_token_only(settings: Settings, tree: ProcessTree) -> None:
    address = read_address(settings)
    bus = await Bus.connect(settings, url=address.url, token=address.token)
    assert await bus.publish("meshery.v1.events", b"{}") == 1
    await bus.close()
    with pytest.raises(UnavailableError):
        await Bus.connect(settings, url=address.url, token="wrong", wait_s=1)


async def test_secrets_of_nats_are_private(settings: Settings, tree: ProcessTree) -> None:
    token = read_address(settings).token
    assert len(token) >= 32
    holding = [
        path
        for path in settings.home_path.rglob("*")
        if path.is_file() and token.encode() in path.read_bytes()
    ]
    assert {path.name for path in holding} == {"address.json", "nats.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holding)
    assert not any(
        token in word for process in of_home(settings.home_path) for word in process.cmdline()
    )


async def test_a_killed_nats_is_back_where_it_was(settings: Settings, tree: ProcessTree) -> None:
    address = read_address(settings)
    bus = await Bus.connect(settings, url=address.url, token=address.token)
    await bus.publish("meshery.v1.events", b"first")
    async with restarts(tree) as told:
        os.kill(await pid_of(tree, "nats"), signal.SIGKILL)
        restarted = await told("nats")
    assert restarted.reason == "killed by signal 9"
    assert read_address(settings) == address

    async def publishes() -> bool:
        try:
            return await bus.publish("meshery.v1.events", b"second") >= 2
        except UnavailableError:
            return False

    await until(publishes, what="the bus to be used again")
    await bus.close()


async def test_a_killed_supervisor_comes_back_with_all_it_kept(
    settings: Settings, tree: ProcessTree
) -> None:
    address = read_address(settings)
    before = await tree.supervisor.start(SLEEPER)
    nats = await pid_of(tree, "nats")
    (supervisor,) = [
        process for process in of_home(settings.home_path) if "supervisor" in process.cmdline()
    ]
    async with restarts(tree) as told:
        supervisor.kill()
        assert (await told("supervisor")).reason == "killed by signal 9"
        await told("nats")
    (after,) = await tree.supervisor.list("sandbox")
    assert (after.spec, after.state) == (before.spec, "running")
    assert not psutil.pid_exists(before.pid) or psutil.Process(before.pid).status() == "zombie"
    assert await pid_of(tree, "nats") != nats
    assert read_address(settings) == address
    bus = await Bus.connect(settings, url=address.url, token=address.token)
    await bus.close()


async def test_a_supervisor_killed_again_and_again_comes_back(
    settings: Settings, tree: ProcessTree
) -> None:
    await tree.supervisor.start(SLEEPER)
    for _ in range(3):
        epoch = await tree.supervisor.epoch()
        for process in of_home(settings.home_path):
            with contextlib.suppress(psutil.Error):
                if "supervisor" in process.cmdline():
                    process.kill()

        async def is_replaced(old: str = epoch) -> bool:
            return await tree.supervisor.epoch() != old

        await until(is_replaced, what="another supervisor")
    statuses = await tree.supervisor.list()
    assert {(status.name, status.state) for status in statuses} == {
        ("nats", "running"),
        (SLEEPER.name, "running"),
    }


async def test_stopping_leaves_nothing(settings: Settings) -> None:
    async with process_tree(settings) as tree:
        await tree.supervisor.start(SLEEPER)
        assert len(of_home(settings.home_path)) == 3
    assert gone(settings_home=settings.home_path, within_s=1)
    assert not runtime_dir(settings.home_path).exists()


async def test_stopping_while_the_supervisor_is_dead_leaves_nothing(settings: Settings) -> None:
    async with process_tree(settings) as tree:
        await tree.supervisor.start(SLEEPER)
        for process in of_home(settings.home_path):
            process.kill()


async def test_the_next_tree_takes_the_port_of_the_last(settings: Settings) -> None:
    async with process_tree(settings):
        first = read_address(settings)
    async with process_tree(settings):
        second = read_address(settings)
    assert first.url == second.url
    assert first.token != second.token


async def test_a_nats_that_cannot_start_is_told_in_its_own_words(settings: Settings) -> None:
    (settings.home_path / "nats").mkdir()
    (settings.home_path / "nats" / "store").write_text("in the way")
    with pytest.raises(UnavailableError, match="NATS") as caught:
        async with process_tree(settings):
            raise AssertionError("it started")
    assert "not a directory" in caught.value.cause


def test_an_installation_without_nats_says_what_to_do(tmp_path: Path) -> None:
    assert Path(nats_program()).exists()
    with pytest.raises(UnsupportedError, match="no NATS server") as caught:
        nats_program(scripts=tmp_path, path=str(tmp_path))
    assert "pip install" in caught.value.remedy


async def test_an_external_bus_is_not_started_by_us(settings: Settings) -> None:
    bus = msgspec.structs.replace(settings.bus, url="nats://127.0.0.1:4222")
    external = msgspec.structs.replace(settings, bus=bus)
    tree = ProcessTree(external)
    try:
        info = await tree.start()
        assert (info.nats_url, info.nats_token) == ("nats://127.0.0.1:4222", "")
        assert await tree.supervisor.list() == []
    finally:
        await tree.stop()


def test_a_killed_server_takes_the_tree_along(settings: Settings) -> None:
    text = (
        "import asyncio, sys\n"
        "from meshery.core.settings import load_settings\n"
        "from meshery.processes.model import ProcessSpec, Restart\n"
        "from meshery.server.tree import process_tree\n"
        "async def main():\n"
        "    settings = load_settings(flags={'home': sys.argv[1]}).settings\n"
        "    async with process_tree(settings) as tree:\n"
        '        text = \'import subprocess, time; subprocess.Popen(["sleep", "300"]);\'\n'
        "        words = (sys.executable, '-c', text + 'time.sleep(300)')\n"
        "        await tree.supervisor.start(ProcessSpec('parent', words))\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(300)\n"
        "asyncio.run(main())\n"
    )
    home = settings.home_path
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", text, str(home)], stdout=subprocess.PIPE, stderr=log
        )
    assert server.stdout is not None
    assert server.stdout.readline() == b"up\n", (home / "server.log").read_text()
    assert len(of_home(home)) >= 4
    server.kill()
    server.wait()
    server.stdout.close()
    assert gone(settings_home=home, within_s=4)


def test_settings_read_back_from_the_environment_as_they_were(tmp_path: Path) -> None:
    given = {
        "MESHERY_SERVER_ALLOWED_HOSTS": "a.example,b.example",
        "MESHERY_WORKER_EMBEDDED": "false",
        "MESHERY_LOAD_MAX_RPS": "123",
        "MESHERY_DATABASE_URL": "postgresql://user:p%40ss@db/meshery",
    }
    loaded = load_settings(flags={"home": str(tmp_path)}, environment=given).settings
    environment = settings_environment(loaded)
    again = load_settings(
        file=Path(os.devnull), flags={"home": str(tmp_path)}, environment=environment
    )
    assert again.settings == loaded
