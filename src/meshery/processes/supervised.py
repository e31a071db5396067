"""One named process through all its lives: started, watched, restarted, stopped.

    start -> running -> (ends) -> exited                 when it is not to be restarted
                     -> (ends) -> running                at once, the first time
                     -> (ends) -> backing-off -> running when it keeps ending within 5 s
    stop  -> stopping -> exited

The whole process group goes with its leader: what a process leaves behind when it ends is killed.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

from meshery.core.errors import MesheryError, UnavailableError
from meshery.processes.child import spawn
from meshery.processes.exits import when_ended
from meshery.processes.identity import start_ticks
from meshery.processes.model import ProcessSpec, ProcessStatus, Restart, State
from meshery.processes.ring import Ring

BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""The wait before the n-th restart in a row of lives shorter than `QUICK_S`; the last one stays."""

QUICK_S = 5.0
_KILL_PATIENCE_S = 10.0


class Supervised:
    """A process by its spec. `changed` is called whenever pid or state changed."""

    def __init__(
        self,
        spec: ProcessSpec,
        *,
        ring: Ring,
        environment: Mapping[str, str],
        changed: Callable[[], None],
        restarts: int = 0,
    ) -> None:
        self.spec = spec
        self.lock = asyncio.Lock()
        self.state: State = "exited"
        self.restarts = restarts
        self.pid = 0
        self.start_ticks = 0
        self._ring = ring
        self._environment = environment
        self._changed = changed
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._lives_since = 0.0
        self._exit_code: int | None = None
        self._signal: int | None = None
        self._quick_ends = 0
        self._timer: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def status(self) -> ProcessStatus:
        """How it stands."""
        return ProcessStatus(
            name=self.spec.name,
            pid=self.pid,
            started_at=self._started_at,
            start_ticks=self.start_ticks,
            state=self.state,
            exit_code=self._exit_code,
            signal=self._signal,
            restarts=self.restarts,
            spec=self.spec,
        )

    def is_forgettable(self) -> bool:
        """Whether it ended by itself and is kept only for its exit code."""
        return self.state == "exited" and not self.lock.locked()

    def launch(self) -> None:
        """Begin its first life; or the next one now, where it waits for that."""
        if self.state == "running":
            return
        self._cancel_timer()
        self._begin(is_restart=self.restarts > 0)

    def plan(self) -> None:
        """Wait for `resume`: an earlier supervisor had it running."""
        self.restarts += 1
        self.state = "backing-off"

    def resume(self) -> None:
        """Begin the next life; when that fails, plan the one after."""
        self._timer = None
        try:
            self._begin(is_restart=True)
        except MesheryError as error:
            self._ring.add(self.spec.name, "exited", reason=f"{error.what}: {error.cause}")
            # At least two: a start that fails at once must not be tried again at once.
            self._quick_ends = max(self._quick_ends + 1, 2)
            self._again()

    def send(self, number: int) -> bool:
        """Send a signal to the process alone; False when it is not alive."""
        if self._child is None:
            return False
        # Not yet reaped, so the pid is its own.
        os.kill(self._child.pid, number)
        return True

    async def stop(self, *, grace_s: float) -> None:
        """End it: SIGTERM to its group, SIGKILL after the grace. Several may ask at once."""
        self._cancel_timer()
        if self._child is None:
            self._set("exited")
            return
        self._set("stopping")
        self._signal_group(signal.SIGTERM)
        if await self._is_gone(grace_s):
            return
        self._signal_group(signal.SIGKILL)
        if not await self._is_gone(_KILL_PATIENCE_S):
            raise UnavailableError(
                f"{self.spec.name} (process {self.pid}) does not end",
                cause="it was killed, but the kernel keeps it: a disk or network mount hangs",
                remedy=f"look at its state with `ps -o stat,wchan -p {self.pid}`",
            )

    def _begin(self, *, is_restart: bool) -> None:
        child = spawn(self.spec, extra=self._environment)
        try:
            when_ended(child.pid, self._ended)
        except OSError as error:  # out of descriptors: nobody would learn of its end
            child.kill()
            child.wait()
            raise UnavailableError(
                f"{self.spec.name} cannot be watched",
                cause=str(error),
                remedy="allow more open files (`ulimit -n`)",
            ) from error
        self._child = child
        self.pid = child.pid
        self.start_ticks = start_ticks(self.pid)
        self._started_at = time.time()
        self._lives_since = time.monotonic()
        self._exit_code = self._signal = None
        self._gone = asyncio.Event()
        self._ring.add(self.spec.name, "restarted" if is_restart else "started", pid=self.pid)
        self._set("running")

    def _ended(self) -> None:
        """The child is a zombie now."""
        child = self._child
        if child is None:
            return
        # Before it is reaped: as long as it is a zombie, the group's number belongs to nobody else.
        self._signal_group(signal.SIGKILL)
        code = child.wait()
        self._child = None
        self._exit_code, self._signal = (code, None) if code >= 0 else (None, -code)
        is_wanted = self.state == "stopping"
        self._ring.add(
            self.spec.name,
            "exited",
            pid=self.pid,
            exit_code=self._exit_code,
            signal=self._signal,
            wanted=is_wanted,
        )
        self._gone.set()
        if is_wanted or self.spec.restart is Restart.NEVER:
            self._set("exited")
        else:
            lived_s = time.monotonic() - self._lives_since
            self._quick_ends = self._quick_ends + 1 if lived_s < QUICK_S else 0
            self._again()

    def _again(self) -> None:
        """Plan the next life. It is never given up for good, but a person is told in time."""
        self.restarts += 1
        rung = max(self._quick_ends - 1, 0)
        delay_s = BACK_OFF_S[min(rung, len(BACK_OFF_S) - 1)]
        if delay_s == 0:
            self.resume()
            return
        if rung == len(BACK_OFF_S) - 1:
            reason = f"ended {self._quick_ends} times within {QUICK_S:g} s of its start"
            self._ring.add(self.spec.name, "gave_up", pid=self.pid, reason=reason)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.resume)
        self._set("gave-up" if rung >= len(BACK_OFF_S) - 1 else "backing-off")

    def _set(self, state: State) -> None:
        self.state = state
        self._changed()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _signal_group(self, number: signal.Signals) -> None:
        if self._child is not None:
            # PermissionError is what macOS says of a group of zombies.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)

    async def _is_gone(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await self._gone.wait()
        except TimeoutError:
            return False
        return True
