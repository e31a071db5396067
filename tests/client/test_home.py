import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshery.client.home import (
    HomeLock,
    ServerFile,
    read_server_file,
    running_pid,
    running_server,
    write_server_file,
)
from meshery.core.errors import ConflictError

HOLD = """
import sys, pathlib
from meshery.client.home import HomeLock
lock = HomeLock.acquire(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_home_has_one_server(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert running_pid(tmp_path) == holder.pid
        with pytest.raises(ConflictError) as caught:
            HomeLock.acquire(tmp_path)
        assert str(holder.pid) in caught.value.cause
        assert "system stop" in caught.value.remedy
        holder.kill()
    assert running_pid(tmp_path) is None
    HomeLock.acquire(tmp_path).release()


def test_a_server_file_alone_proves_nothing(tmp_path: Path) -> None:
    write_server_file(tmp_path, ServerFile(os.getpid(), "http://localhost:1", 1.0))
    assert read_server_file(tmp_path) is not None
    assert running_server(tmp_path) is None
    lock = HomeLock.acquire(tmp_path)
    assert running_server(tmp_path) is not None
    lock.release()


def test_files_of_a_home_are_private(tmp_path: Path) -> None:
    HomeLock.acquire(tmp_path / "home").release()
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    assert (tmp_path / "home" / "server.lock").stat().st_mode & 0o077 == 0
