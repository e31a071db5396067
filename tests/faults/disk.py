"""A disk that is small and can be filled: a tmpfs for root, a limit on file sizes for others."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from faults.house import House

SIZE_MB = 64
_CHUNK = b"\0" * 65_536
_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Disk:
    """The disk of a home."""

    def __init__(self, path: Path, *, is_own: bool) -> None:
        self._ballast = path / "ballast"
        self._path = path
        self._is_own = is_own

    def fill(self, built: House) -> None:
        """From now on nothing more can be written."""
        if self._is_own:
            with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(_CHUNK)
            with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
                while True:
                    file.write(b"\0")
        else:
            for process in _writers(built):
                process.rlimit(psutil.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def free(self, built: House) -> None:
        """There is room again."""
        if self._is_own:
            self._ballast.unlink()
        else:
            for process in _writers(built):
                process.rlimit(psutil.RLIMIT_FSIZE, _UNLIMITED)


@contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """A directory on a disk of its own where that is allowed."""
    path.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0700", "tmpfs", str(path)]
    is_own = os.geteuid() == 0 and subprocess.run(words, check=False).returncode == 0
    try:
        yield Disk(path, is_own=is_own)
    finally:
        if is_own:
            subprocess.run(["umount", str(path)], check=True)


def _writers(built: House) -> list[psutil.Process]:
    return [*built.role("server"), *built.role("worker")]
