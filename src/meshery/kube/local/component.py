"""One component's process: started with its log, ended for certain.

The process belongs to no event loop, so a plane may be used from one loop after the other, as tests
do. It is killed when the *thread* that started it ends: start planes from a thread that stays.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from meshery.core.errors import UnavailableError

GUARD = Path(__file__).with_name("guard.py")
STOP_GRACE_S = 2.0
"""From SIGTERM to SIGKILL. An API server that lost its etcd would take a minute to end."""

_POLL_S = 0.02
_TOLD_LINES = 8


class Component:
    """A program of a control plane through all its lives."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process; 0 when it is not started."""
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        """Whether it is started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, argv: Sequence[str]) -> None:
        """Begin a life; its output is appended to its log."""
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        guarded = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), *argv]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - programs of ours, no shell
                guarded,
                cwd=self._log.parent,
                # Go's own variables for a proxy would send even loopback's requests away.
                env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """End it: SIGTERM, SIGKILL after the grace. Nothing to do when it has ended."""
        self._signal(signal.SIGTERM)
        if not await self._is_gone(grace_s):
            await self.kill()
        self._process = None

    async def kill(self) -> None:
        """As `kill -9` does; returns when it is gone."""
        self._signal(signal.SIGKILL)
        await self._is_gone(10.0)
        self._process = None

    def kill_now(self) -> None:
        """The same without an event loop, for a caller that was cancelled."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def require_running(self) -> None:
        """UnavailableError with its last words when it has ended by itself."""
        if not self.is_running:
            code = self._process.returncode if self._process else None
            raise UnavailableError(
                f"{self.name} ended by itself (exit code {code})",
                cause=self.last_words(),
                remedy=f"read its log: {self._log}",
                code="meshery.kube.component",
            )

    def last_words(self) -> str:
        """The last lines of its log."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-_TOLD_LINES:])
        return ""

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    async def _is_gone(self, within_s: float) -> bool:
        process, waited_s = self._process, 0.0
        while process is not None and process.poll() is None:
            if waited_s >= within_s:
                return False
            await asyncio.sleep(_POLL_S)
            waited_s += _POLL_S
        return True
