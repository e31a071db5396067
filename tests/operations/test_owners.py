"""Who is gone: ended processes of this host, and nobody else."""

import os
import subprocess
import sys

from meshery.operations.owners import is_gone, new_owner


def test_only_ended_processes_of_this_host_are_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = new_owner("here")
    assert is_gone(f"here:{ended.pid}:X", host="here")
    assert not is_gone(f"there:{ended.pid}:X", host="here")
    assert not is_gone(ours, host="here")
    assert not is_gone(f"here:{os.getppid()}:X", host="here")
    assert not is_gone("here:server:5", host="here")
    assert not is_gone("", host="here")


def test_an_earlier_process_with_our_number_is_gone() -> None:
    assert is_gone(f"here:{os.getpid()}:EARLIER", host="here")
