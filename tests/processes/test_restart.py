"""A process that dies comes back: at once, then slower, and never in silence."""

import asyncio
import os
import signal
import time

from meshery.processes.identity import start_ticks
from meshery.processes.model import Restart
from processes.supervision import Host, holds, script, sleeper


async def test_a_killed_process_is_back_within_a_second(host: Host) -> None:
    first = await host.client.start(sleeper(restart=Restart.ALWAYS))
    began = time.monotonic()
    os.kill(first.pid, signal.SIGKILL)
    started, exited, restarted = await host.events(3)
    assert time.monotonic() - began < 1
    assert [event.what for event in (started, exited, restarted)] == [
        "started",
        "exited",
        "restarted",
    ]
    assert (exited.pid, exited.signal, exited.wanted) == (first.pid, signal.SIGKILL, False)
    status = await host.status("sleeper")
    assert (status.pid, status.restarts, status.state) == (restarted.pid, 1, "running")
    assert start_ticks(status.pid) == status.start_ticks


async def test_a_clean_end_is_restarted_too(host: Host) -> None:
    await host.client.start(script("brief", "pass", restart=Restart.ALWAYS))
    assert [event.what for event in await host.events(3)][-1] == "restarted"


async def test_a_process_that_is_not_to_be_restarted_stays_ended(host: Host) -> None:
    status = await host.client.start(sleeper())
    os.kill(status.pid, signal.SIGKILL)
    await host.events(2)
    await asyncio.sleep(0.3)
    assert (await host.status("sleeper")).state == "exited"


async def test_one_that_keeps_dying_is_backed_off_from_and_told_of(host: Host) -> None:
    await host.client.start(script("crash", "raise SystemExit(1)", restart=Restart.ALWAYS))
    events = []
    async with asyncio.timeout(20):
        async for event in host.client.watch(prefix="crash"):
            events.append(event)
            if event.what == "gave_up":
                break
    starts = [event.at for event in events if event.what in {"started", "restarted"}]
    exits = [event.at for event in events if event.what == "exited"]
    waits = [begun - ended for ended, begun in zip(exits, starts[1:], strict=False)]
    assert len(waits) == 5
    for wait, planned in zip(waits, [0, 0.2, 0.5, 1, 2], strict=True):
        assert planned - 0.01 <= wait < planned + 0.4
    assert "ended 6 times" in events[-1].reason
    status = await host.status("crash")
    assert (status.state, status.restarts) == ("gave-up", 6)


async def test_backing_off_is_visible_and_can_be_stopped(host: Host) -> None:
    await host.client.start(script("crash", "raise SystemExit(1)", restart=Restart.ALWAYS))
    await host.until("crash", lambda status: status.restarts >= 4)
    assert (await host.status("crash")).state == "backing-off"
    await host.client.stop("crash")
    before = len(host.children())
    await asyncio.sleep(1.2)
    assert before == len(host.children()) == 0


async def test_starting_one_that_backs_off_tries_at_once(host: Host) -> None:
    marker = host.home / "marker"
    text = f"import os, time; os.path.exists({str(marker)!r}) or exit(1); time.sleep(300)"
    spec = script("late", text, restart=Restart.ALWAYS)
    await host.client.start(spec)
    await host.until("late", lambda status: status.restarts >= 5)
    marker.touch()
    assert (await host.client.start(spec)).state == "running"
    await asyncio.sleep(0.2)
    assert (await host.status("late")).state == "running"


async def test_a_program_that_vanished_is_tried_on(host: Host) -> None:
    program = host.home / "program"
    program.symlink_to("/bin/sleep")
    spec = sleeper("vanishing", argv=(str(program), "300"), restart=Restart.ALWAYS)
    status = await host.client.start(spec)
    program.unlink()
    os.kill(status.pid, signal.SIGKILL)
    events = await host.events(3)
    assert "cannot be started" in events[-1].reason
    program.symlink_to("/bin/sleep")
    assert await holds(lambda: len(host.children()) == 1)
