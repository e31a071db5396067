"""Garbage collection that begins when a process has started.

What is loaded at the start stays: to look for garbage in it, again and again, takes a sixth of the
start, and later a part of every full collection (docs.python.org/3/library/gc, `gc.freeze`).
"""

import gc


def not_yet() -> None:
    """Collect nothing while the process starts. `from_now` must follow."""
    gc.disable()


def from_now() -> None:
    """Collect, but for what is there already."""
    gc.freeze()
    gc.enable()
