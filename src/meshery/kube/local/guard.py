"""Run a program that ends with whoever started it: `guard.py PARENT PROGRAM ARGUMENT...`.

On Linux it asks for SIGKILL when its parent ends (`PR_SET_PDEATHSIG`, prctl(2)), which outlives the
exec. It is a program of its own, because a process with threads, such as a server or a test, must
not run Python between fork and exec.
"""

import os
import sys


def main() -> None:
    """Become the program; leave without a word when the parent is gone already."""
    parent, *argv = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(parent):
        raise SystemExit(1)
    os.execv(argv[0], argv)  # noqa: S606 - the caller's program, no shell


if __name__ == "__main__":
    main()
