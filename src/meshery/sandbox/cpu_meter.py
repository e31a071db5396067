"""CPU in use, from the CPU time of processes read twice; the first reading tells nothing yet."""

import time
from collections.abc import Sequence

from meshery.sandbox.view import InstanceView, PartView


class CpuMeter:
    """Remembers the last reading of one tab."""

    def __init__(self) -> None:
        self._at = 0.0
        self._cpu_s: dict[tuple[str, int], float] = {}
        self._shares: dict[tuple[str, int], float] = {}

    def read(self, instances: Sequence[InstanceView], *, now: float | None = None) -> None:
        """Take a reading; `now` is in seconds of any steady clock."""
        at = time.monotonic() if now is None else now
        passed = at - self._at
        # A restarted process has another pid and begins at zero, so it is no continuation.
        parts = {(part.name, part.pid): part.cpu_s for one in instances for part in one.parts}
        self._shares = {
            key: max(cpu_s - self._cpu_s[key], 0.0) / passed
            for key, cpu_s in parts.items()
            if key in self._cpu_s and passed > 0
        }
        self._at, self._cpu_s = at, parts

    def of(self, parts: Sequence[PartView]) -> float | None:
        """The CPU in use by these, as a share of one core; None while not known."""
        known = [
            self._shares[key] for part in parts if (key := (part.name, part.pid)) in self._shares
        ]
        return sum(known) if known else None
