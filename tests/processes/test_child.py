"""What a child gets from us: its limits, its user, its environment, its log."""

import asyncio
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError
from meshery.processes import child
from meshery.processes.identity import environment_of
from meshery.processes.model import ProcessSpec
from processes.supervision import Host, holds, script, sleeper

SHOW = (
    "import os, resource, signal, sys;"
    "print(os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)),"
    " resource.getrlimit(resource.RLIMIT_NOFILE)[0], resource.getrlimit(resource.RLIMIT_DATA)[0],"
    " resource.getrlimit(resource.RLIMIT_CORE)[0], os.getuid(), os.getgid(), os.getgroups(),"
    " os.getcwd(), repr(sys.stdin.read()), signal.getsignal(signal.SIGPIPE).name,"
    " signal.pthread_sigmask(signal.SIG_BLOCK, ()), sep='|')"
)


async def said(host: Host, spec: ProcessSpec) -> str:
    log = host.home / "said.log"
    await host.client.start(spec)
    await host.events(2)
    return log.read_text().strip()


async def test_limits_are_those_of_the_spec(host: Host) -> None:
    spec = script(
        "show",
        SHOW,
        nice=3,
        cpus=(0,),
        open_files=321,
        memory_bytes=200_000_000,
        directory=str(host.home),
        log_file=str(host.home / "said.log"),
    )
    nice, cpus, files, memory, core, *_, directory, _, _, _ = (await said(host, spec)).split("|")
    assert (nice, cpus, files, memory, core) == ("3", "[0]", "321", "200000000", "0")
    assert directory == str(host.home)


async def test_input_is_empty_and_signals_are_as_usual(host: Host) -> None:
    spec = script("show", SHOW, log_file=str(host.home / "said.log"))
    given, on_pipe, blocked = (await said(host, spec)).split("|")[-3:]
    # Python itself ignores SIGPIPE in every program of its own.
    assert (given, on_pipe, blocked) == ("''", "SIG_IGN", "set()")


async def test_children_start_in_the_home(host: Host) -> None:
    spec = script("show", SHOW, log_file=str(host.home / "said.log"))
    assert (await said(host, spec)).split("|")[-4] == str(host.home)


async def test_a_memory_limit_holds(host: Host) -> None:
    text = "import sys; bytearray(300_000_000)"
    log = host.home / "said.log"
    await host.client.start(script("large", text, memory_bytes=100_000_000, log_file=str(log)))
    await host.events(2)
    assert (await host.status("large")).exit_code == 1
    assert "MemoryError" in log.read_text()


async def test_more_open_files_than_allowed_are_cut_to_what_is(host: Host) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    spec = script("show", SHOW, open_files=hard + 1, log_file=str(host.home / "said.log"))
    assert (await said(host, spec)).split("|")[2] == str(hard)


async def test_the_environment_is_an_allow_list(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    host.close_input()
    await asyncio.to_thread(host.start)
    status = await host.client.start(sleeper(environment={"COLOUR": "blue"}))
    seen = environment_of(status.pid)
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert (seen["LC_ALL"], seen["COLOUR"], seen["PATH"]) == ("C.UTF-8", "blue", os.environ["PATH"])
    assert seen["MESHERY_HOME"] == str(host.home)


async def test_a_log_is_private_appended_and_turned_over_when_large(host: Host) -> None:
    log = host.home / "new" / "brief.log"
    spec = script("brief", "import sys; print('out'); print('err', file=sys.stderr)")
    spec = ProcessSpec("brief", spec.argv, log_file=str(log))
    for count in (2, 4):
        await host.client.start(spec)
        await host.events(count)
    assert log.read_text() == "out\nerr\n" * 2
    assert log.stat().st_mode & 0o777 == 0o600
    with log.open("ab") as file:
        file.truncate(child.LOG_LIMIT_BYTES + 1)
    await host.client.start(spec)
    await host.events(6)
    assert log.read_text() == "out\nerr\n"
    assert log.with_name("brief.log.1").stat().st_size == child.LOG_LIMIT_BYTES + 1


async def test_a_child_can_be_another_user(host: Host) -> None:
    """Only root may: any other user is refused."""
    log = str(host.home / "said.log")
    spec = ProcessSpec("id", ("/usr/bin/id",), user=65534, log_file=log)
    if os.getuid() == 0:
        assert (await said(host, spec)).startswith("uid=65534")
        status = await host.client.start(ProcessSpec("sleeper", ("sleep", "300"), user=65534))
        host.kill()  # the kernel's promise outlives the change of user
        assert await holds(lambda: not host.children() and not Path(f"/proc/{status.pid}").exists())
    else:
        with pytest.raises(InvalidInputError, match="cannot be started"):
            await host.client.start(spec)


async def test_children_are_started_by_the_main_thread_only() -> None:
    caught: list[BaseException] = []

    def start() -> None:
        try:
            child.spawn(sleeper(), extra={})
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(caught) == 1


async def test_a_terminals_interrupt_does_not_reach_children(host: Host) -> None:
    status = await host.client.start(sleeper())
    assert os.getpgid(status.pid) != os.getpgid(host.process.pid)
    assert signal.SIGINT.value not in _ignored(status.pid)


def _ignored(pid: int) -> set[int]:
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("SigIgn:")
    ]
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_an_ordinary_user_can_run_it_all(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As root, the supervisor is run as nobody; any other user is ordinary already."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        host = Host(home)
        if os.getuid() == 0:
            os.chown(home, 65534, 65534)
            before: tuple[str, ...] = (
                *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
            )
        else:
            before = ()
        ready = host.start(before=before)
        try:
            asyncio.run(_work_as_ordinary_user(host, Path(ready.socket)))
        finally:
            host.end()
        assert not Path(ready.socket).parent.exists()


async def _work_as_ordinary_user(host: Host, socket: Path) -> None:
    from meshery.processes.client import SupervisorClient

    client = SupervisorClient(socket)
    status = await client.start(sleeper(log_file=str(host.home / "logs" / "sleeper.log")))
    assert _user_of(status.pid) == (os.getuid() or 65534)
    with pytest.raises(InvalidInputError, match="cannot be started"):
        await client.start(sleeper("above", user=0 if os.getuid() == 0 else 65534))
    with pytest.raises(InvalidInputError, match="cannot be started"):
        await client.start(sleeper("first", nice=-10))
    await client.stop("sleeper")


def _user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid
