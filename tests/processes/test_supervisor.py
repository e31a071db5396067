"""Starting, replacing, listing, signalling and stopping, asked by clients of a real supervisor."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from meshery.core.errors import InvalidInputError, NotFoundError, UnavailableError
from meshery.core.paths import runtime_dir
from meshery.processes.client import SupervisorClient
from meshery.processes.identity import start_ticks
from meshery.processes.model import ProcessSpec
from meshery.processes.protocol import Failed, Hello, Start, encode, read_answer
from processes.supervision import Host, holds, is_gone, script, sleeper


async def test_a_started_process_runs_in_a_session_of_its_own(host: Host) -> None:
    status = await host.client.start(sleeper())
    assert (status.state, status.restarts, status.exit_code) == ("running", 0, None)
    assert status.start_ticks == start_ticks(status.pid) > 0
    assert abs(status.started_at - time.time()) < 5
    assert os.getsid(status.pid) == os.getpgid(status.pid) == status.pid


async def test_starting_an_equal_spec_changes_nothing(host: Host) -> None:
    first = await host.client.start(sleeper())
    second = await host.client.start(sleeper())
    assert first == second


async def test_many_at_once_start_one_process(host: Host) -> None:
    starts = [SupervisorClient(host.client._socket_path).start(sleeper()) for _ in range(8)]
    assert len({status.pid for status in await asyncio.gather(*starts)}) == 1
    assert len(host.children()) == 1


async def test_starting_another_spec_replaces_the_process(host: Host) -> None:
    first = await host.client.start(sleeper())
    second = await host.client.start(sleeper(environment={"COLOUR": "blue"}))
    assert first.pid != second.pid
    assert await is_gone(first.pid)
    assert [status.pid for status in await host.client.list()] == [second.pid]


async def test_a_replacement_that_cannot_start_leaves_nothing(host: Host) -> None:
    await host.client.start(sleeper())
    with pytest.raises(InvalidInputError):
        await host.client.start(ProcessSpec("sleeper", ("/no/such/program",)))
    assert await host.client.list() == []


async def test_two_clients_see_the_same_processes(host: Host) -> None:
    other = SupervisorClient(host.client._socket_path)
    await host.client.start(sleeper("a"))
    await other.start(sleeper("b"))
    assert [status.name for status in await host.client.list()] == ["a", "b"]
    await host.client.stop("b")
    assert [status.name for status in await other.list()] == ["a"]


async def test_a_group_is_a_path_and_not_a_beginning_of_letters(host: Host) -> None:
    for name in ("sandbox/shop/web", "sandbox/shop/api", "sandbox/shop2/web"):
        await host.client.start(sleeper(name))
    assert len(await host.client.list("sandbox/shop")) == 2
    assert await host.client.stop_group("sandbox/shop/") == 2
    assert [status.name for status in await host.client.list()] == ["sandbox/shop2/web"]
    assert await host.client.stop_group("sandbox/shop") == 0


async def test_stopping_an_unknown_process_is_done_already(host: Host) -> None:
    await host.client.stop("nobody")


async def test_a_stopped_process_is_forgotten(host: Host) -> None:
    status = await host.client.start(sleeper())
    await host.client.stop("sleeper")
    assert await host.client.list() == []
    assert start_ticks(status.pid) == 0


async def test_who_ignores_sigterm_is_killed_after_the_grace(host: Host) -> None:
    stubborn = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(300)"
    log = host.home / "stubborn.log"
    await host.client.start(script("stubborn", stubborn, log_file=str(log)))
    assert await holds(lambda: log.read_text() == "up\n")
    began = time.monotonic()
    await host.client.stop("stubborn", grace_s=0.3)
    assert 0.3 <= time.monotonic() - began < 2
    event = (await host.events(2))[-1]
    assert (event.what, event.signal, event.wanted) == ("exited", signal.SIGKILL, True)


async def test_a_slow_stop_keeps_nobody_else_waiting(host: Host) -> None:
    stubborn = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(300)"
    log = host.home / "stubborn.log"
    await host.client.start(script("stubborn", stubborn, log_file=str(log)))
    assert await holds(lambda: log.read_text() == "up\n")
    stopping = asyncio.create_task(host.client.stop("stubborn", grace_s=1))
    async with asyncio.timeout(0.8):
        await host.client.start(sleeper())
        await host.until("stubborn", lambda status: status.state == "stopping")
    await stopping


async def test_grandchildren_go_with_their_parent(host: Host) -> None:
    text = (
        "import subprocess,time; subprocess.Popen(['sleep', '300']); print('up'); time.sleep(300)"
    )
    log = host.home / "parent.log"
    await host.client.start(script("parent", text, log_file=str(log)))
    assert await holds(lambda: log.read_text() == "up\n")
    assert len(host.children()) == 2
    await host.client.stop("parent")
    assert await holds(lambda: not host.children())


async def test_what_a_process_leaves_behind_when_it_ends_is_killed(host: Host) -> None:
    await host.client.start(
        script("parent", "import subprocess; subprocess.Popen(['sleep', '300'])")
    )
    await host.events(2)
    assert await holds(lambda: not host.children())


async def test_an_ended_process_keeps_its_exit_code(host: Host) -> None:
    await host.client.start(script("brief", "raise SystemExit(7)"))
    await host.events(2)
    status = await host.status("brief")
    assert (status.state, status.exit_code, status.signal) == ("exited", 7, None)


async def test_an_ended_process_can_be_started_again(host: Host) -> None:
    spec = script("brief", "pass")
    first = await host.client.start(spec)
    await host.events(2)
    assert (await host.client.start(spec)).pid != first.pid


async def test_a_signal_reaches_the_process(host: Host) -> None:
    await host.client.start(sleeper())
    await host.client.signal("sleeper", signal.SIGKILL)
    assert (await host.events(2))[-1].signal == signal.SIGKILL
    with pytest.raises(NotFoundError):
        await host.client.signal("sleeper", signal.SIGTERM)


@pytest.mark.parametrize(
    "spec",
    [
        ProcessSpec("program", ("/no/such/program",)),
        ProcessSpec("directory", ("sleep", "1"), directory="/no/such/directory"),
        ProcessSpec("file", ("/etc/passwd",)),
        ProcessSpec("", ("sleep", "1")),
        ProcessSpec("../escape", ("sleep", "1")),
        ProcessSpec("silent", ()),
        ProcessSpec("zero", ("sleep", "1\0")),
        ProcessSpec("negative", ("sleep", "1"), memory_bytes=-1),
        ProcessSpec("processor", ("sleep", "1"), cpus=(4095,)),
    ],
    ids=lambda spec: spec.name,
)
async def test_what_cannot_be_started_is_refused_with_a_remedy(
    host: Host, spec: ProcessSpec
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await host.client.start(spec)
    assert caught.value.cause
    assert caught.value.remedy
    assert await host.client.list() == []


async def test_only_the_owner_can_reach_the_socket(host: Host) -> None:
    path = host.client._socket_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_nonsense_on_the_socket_is_answered_and_harms_nobody(host: Host) -> None:
    for nonsense in (b"\x00\x00\x00\x01\xc0", b"\xff\xff\xff\xffGET / HTTP/1.1"):
        reader, writer = await asyncio.open_unix_connection(host.client._socket_path)
        assert isinstance(await read_answer(reader), Hello)
        writer.write(nonsense)
        assert isinstance(await read_answer(reader), Failed)
        writer.close()
        await writer.wait_closed()
    await host.client.start(sleeper())


async def test_who_asks_and_leaves_gets_its_work_done(host: Host) -> None:
    reader, writer = await asyncio.open_unix_connection(host.client._socket_path)
    await read_answer(reader)
    writer.write(encode(Start(sleeper())))
    writer.close()
    await writer.wait_closed()
    assert (await host.events(1))[0].what == "started"


async def test_a_client_without_a_supervisor_says_how_to_get_one(tmp_path: Path) -> None:
    client = SupervisorClient(tmp_path / "supervisor.sock", patience_s=0.1)
    with pytest.raises(UnavailableError, match="does not answer") as caught:
        await client.list()
    assert "system start" in caught.value.remedy


async def test_a_client_finds_the_next_supervisor(host: Host) -> None:
    first = await host.client.epoch()
    host.kill()
    asking = asyncio.create_task(host.client.start(sleeper()))
    await asyncio.sleep(0.2)
    host.start()
    assert (await asking).state == "running"
    assert await host.client.epoch() != first


async def test_two_supervisors_of_one_home_do_not_run_at_once(host: Host) -> None:
    await host.client.start(sleeper())
    first = await host.client.epoch()
    host.close_input()
    ready = await asyncio.to_thread(host.start)
    assert ready.epoch != first
    assert await host.client.list() == []


def test_the_supervisor_is_small() -> None:
    text = (
        "import sys, json, meshery.processes.supervisor_process;"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    shown = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True)
    foreign = {
        name
        for name in msgspec.json.decode(shown.stdout, type=set[str])
        if name not in sys.stdlib_module_names and not name.startswith(("_", "sitecustomize"))
    }
    assert foreign <= {"meshery", "msgspec", "typing_extensions"}  # msgspec looks for the last


def test_the_runtime_directory_goes_with_the_supervisor(home: Path) -> None:
    host = Host(home)
    host.start()
    assert runtime_dir(home).exists()
    host.end()
    assert not runtime_dir(home).exists()
    assert not (home / "processes.json").exists()
