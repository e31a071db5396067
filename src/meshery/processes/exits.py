"""Learning that a child ended, at once: by its pidfd on Linux, by a waiting thread elsewhere.

The child is not reaped here: while it is a zombie its pid, and so its group's, is nobody else's.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable


def when_ended(pid: int, callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback` once on the running loop when the child ended; returns how to stop that."""
    loop = asyncio.get_running_loop()
    if sys.platform == "linux":
        return _by_descriptor(loop, pid, callback)
    else:  # noqa: RET505 - the other branch is not there for the type checker
        return _by_thread(loop, pid, callback)


def _by_descriptor(
    loop: asyncio.AbstractEventLoop, pid: int, callback: Callable[[], None]
) -> Callable[[], None]:
    descriptor = os.pidfd_open(pid)
    is_open = True

    def stop() -> None:
        nonlocal is_open
        if is_open:
            is_open = False
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def ended() -> None:
        stop()
        callback()

    loop.add_reader(descriptor, ended)
    return stop


def _by_thread(
    loop: asyncio.AbstractEventLoop, pid: int, callback: Callable[[], None]
) -> Callable[[], None]:
    """One sleeping thread for each child; it forks nothing, so no child depends on it."""
    is_wanted = True

    def ended() -> None:
        if is_wanted:
            callback()

    def wait() -> None:
        _wait_without_reaping(pid)
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended)

    def stop() -> None:
        nonlocal is_wanted
        is_wanted = False

    threading.Thread(target=wait, name=f"wait-{pid}", daemon=True).start()
    return stop


def _wait_without_reaping(pid: int) -> None:
    if sys.platform == "darwin":  # waitid(2) is there from Python 3.13 on only
        import select

        ends = select.kevent(
            pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT
        )
        queue = select.kqueue()
        with contextlib.suppress(ProcessLookupError), contextlib.closing(queue):
            queue.control([ends], 1)
    else:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
