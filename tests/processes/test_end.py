"""However the supervisor ends, its children end too."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshery.processes.identity import start_ticks
from meshery.processes.model import Restart
from meshery.processes.record import read_record
from processes.supervision import Host, holds, is_gone, script, sleeper

PARENT = "import subprocess,time; subprocess.Popen(['sleep', '300']); print('up'); time.sleep(300)"
STUBBORN = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(300)"


async def started(host: Host, name: str, text: str) -> int:
    log = host.home / f"{name}.log"
    status = await host.client.start(script(name, text, log_file=str(log)))
    assert await holds(lambda: log.read_text() == "up\n")
    return status.pid


async def test_the_end_of_its_input_ends_everything(host: Host) -> None:
    await host.client.start(sleeper(restart=Restart.ALWAYS))
    await started(host, "parent", PARENT)
    await started(host, "stubborn", STUBBORN)
    assert len(host.children()) == 4
    began = time.monotonic()
    host.close_input()
    assert await asyncio.to_thread(host.process.wait, 10) == 0
    assert time.monotonic() - began < 4
    assert await holds(lambda: not host.children())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_everything(host: Host, number: signal.Signals) -> None:
    await started(host, "parent", PARENT)
    host.process.send_signal(number)
    assert await asyncio.to_thread(host.process.wait, 10) == 0
    assert await holds(lambda: not host.children())


async def test_what_is_asked_of_one_that_ends_is_asked_of_the_next(host: Host) -> None:
    await started(host, "stubborn", STUBBORN)  # it is given some time to end
    host.close_input()
    await asyncio.sleep(0.2)
    asking = asyncio.create_task(host.client.start(sleeper()))
    await asyncio.to_thread(host.process.wait, 10)
    await asyncio.to_thread(host.start)
    assert (await asking).state == "running"


async def test_a_killed_supervisor_takes_its_children_along(host: Host) -> None:
    pids = [(await host.client.start(sleeper(f"s{number}"))).pid for number in range(3)]
    began = time.monotonic()
    host.kill()
    for pid in pids:
        assert await is_gone(pid)
    assert time.monotonic() - began < 1


async def test_the_next_supervisor_ends_what_the_kernel_left(host: Host) -> None:
    await started(host, "parent", PARENT)
    parent, grandchild = sorted(host.children())
    host.kill()
    assert await is_gone(parent)
    assert host.children() == [grandchild]
    host.start()
    assert host.children() == []


async def test_the_next_supervisor_ends_no_stranger(host: Host) -> None:
    """A pid of the record may be somebody else's by now: start times tell."""
    status = await host.client.start(sleeper())
    host.kill()
    assert await is_gone(status.pid)
    stranger = await asyncio.create_subprocess_exec("sleep", "300", start_new_session=True)
    try:
        file = host.home / "processes.json"
        file.write_text(file.read_text().replace(f'"pid":{status.pid}', f'"pid":{stranger.pid}'))
        host.start()
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_replaced_supervisor_brings_back_what_was_to_be_kept(host: Host) -> None:
    kept = await host.client.start(sleeper("kept", restart=Restart.ALWAYS))
    lost = await host.client.start(sleeper("lost"))
    host.kill()
    host.start(restore=True)
    (status,) = await host.client.list()
    assert (status.name, status.spec, status.restarts) == ("kept", kept.spec, 1)
    assert status.pid != kept.pid
    events = await host.events(2)
    assert {(event.name, event.what, event.signal) for event in events} == {
        ("kept", "restarted", None),
        ("lost", "exited", signal.SIGKILL),
    }
    assert await is_gone(lost.pid)


async def test_a_new_supervisor_does_not_bring_back_unasked(host: Host) -> None:
    await host.client.start(sleeper(restart=Restart.ALWAYS))
    host.kill()
    host.start()
    assert await host.client.list() == []


async def test_only_what_the_last_one_kept_is_brought_back(host: Host) -> None:
    await host.client.start(sleeper(restart=Restart.ALWAYS))
    host.kill()
    host.start()
    host.kill()
    host.start(restore=True)
    assert await host.client.list() == []


async def test_a_supervisor_killed_while_it_restores_loses_nothing(host: Host) -> None:
    for number in range(8):
        await host.client.start(sleeper(f"s{number}", restart=Restart.ALWAYS))
    for delay_s in (0.0, 0.06, 0.07, 0.08, 0.09):
        host.kill()
        host.spawn(restore=True)
        await asyncio.sleep(delay_s)
    host.kill()
    host.start(restore=True)
    statuses = await host.client.list()
    assert [status.name for status in statuses] == [f"s{number}" for number in range(8)]
    assert len(host.children()) == 8


async def test_a_record_that_cannot_be_written_stops_nobody(host: Host) -> None:
    (host.home / "processes.json").unlink()
    (host.home / "processes.json").mkdir()
    assert (await host.client.start(sleeper())).state == "running"
    await host.client.stop("sleeper")


async def test_the_record_is_private_and_names_the_living(host: Host) -> None:
    status = await host.client.start(sleeper())
    await host.client.start(script("brief", "pass"))
    assert await holds(lambda: recorded(host) == 1)
    record = read_record(host.home)
    assert record is not None
    assert (record.processes[0].pid, record.processes[0].start_ticks) == (
        status.pid,
        status.start_ticks,
    )
    assert (host.home / "processes.json").stat().st_mode & 0o777 == 0o600


def recorded(host: Host) -> int:
    record = read_record(host.home)
    return len(record.processes) if record else 0


def test_a_dead_parent_is_noticed_at_the_start(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "meshery.processes.supervisor_process", "--parent", "1"],
        capture_output=True,
        check=False,
        env=os.environ | {"MESHERY_HOME": str(home)},
    )
    assert (done.returncode, done.stdout) == (1, b"")


async def test_a_child_that_lost_the_race_for_its_parent_is_gone(host: Host) -> None:
    """Killed at any moment of a start, the supervisor leaves nobody."""
    for delay_s in (0.0, 0.002, 0.005, 0.01):
        starts = [
            asyncio.create_task(host.client.start(sleeper(f"s{number}"))) for number in range(5)
        ]
        await asyncio.sleep(delay_s)
        host.kill()
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
        assert await holds(lambda: not host.children())
        host.start()


async def test_who_is_recorded_is_who_lives(host: Host) -> None:
    status = await host.client.start(sleeper())
    assert start_ticks(status.pid) == status.start_ticks
    assert start_ticks(2**22 + 1) == 0
