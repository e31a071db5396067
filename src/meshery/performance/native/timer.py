"""A timer on an absolute moment of CLOCK_MONOTONIC that epoll can wait for (timerfd, Linux).

`epoll` itself rounds its timeout up to milliseconds, which is a thousand slots too coarse. Python
offers timerfd from 3.13; before, the C library is called.
"""

import ctypes
import os
import sys
from typing import Any

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_PR_SET_TIMERSLACK = 29
_NS = 1_000_000_000


class _TimerSpec(ctypes.Structure):
    """struct itimerspec."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Timer:
    """One timer; register `fd` edge-triggered, then nobody has to read it."""

    def __init__(self) -> None:
        self._library: Any = None
        if sys.version_info >= (3, 13):
            self.fd = os.timerfd_create(_CLOCK_MONOTONIC, flags=_FLAGS)
            return
        self._library = ctypes.CDLL(None, use_errno=True)
        self._spec = _TimerSpec()
        self._pointer = ctypes.byref(self._spec)
        self.fd = int(self._library.timerfd_create(_CLOCK_MONOTONIC, _FLAGS))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def arm(self, at_ns: int) -> None:
        """Fire at a moment of `time.monotonic_ns`; one that is past fires at once."""
        if sys.version_info >= (3, 13):
            os.timerfd_settime_ns(self.fd, flags=_ABSOLUTE, initial=max(at_ns, 1))
            return
        self._spec.value_s, self._spec.value_ns = divmod(max(at_ns, 1), _NS)
        if self._library.timerfd_settime(self.fd, _ABSOLUTE, self._pointer, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


def wake_punctually() -> None:
    """Ask the kernel not to batch our wake-ups (it may delay normal processes by 50 us)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
