"""What one client may take of an API server: limits, and a token bucket for the rate."""

import asyncio

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What one client may take.

    Rate in requests per second (0: no limit), times in seconds, sizes in bytes.
    """

    qps: float = 50.0
    burst: int = 100
    timeout_s: float = 30.0
    connect_s: float = 10.0
    attempts: int = 4
    max_wait_s: float = 30.0
    max_answer_bytes: int = 268_435_456
    max_line_bytes: int = 16_777_216


class Limiter:
    """`qps` requests a second on the average, `burst` at once; `qps` 0 is no limit.

    The order of callers is kept: each takes its place at once and waits for its own turn.
    """

    def __init__(self, *, qps: float, burst: int) -> None:
        self._qps = qps
        self._burst = max(burst, 1)
        self._tokens = float(self._burst)
        self._at = 0.0

    async def turn(self) -> None:
        """Wait until one more request may be sent."""
        if self._qps <= 0:
            return
        now = asyncio.get_running_loop().time()
        refilled = self._tokens + (now - self._at) * self._qps if self._at else self._tokens
        # Below zero are turns that were given away already: the next caller waits behind them.
        self._tokens = min(refilled, self._burst) - 1
        self._at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._qps)
