"""What the application received and called: the lists that `/metrics` shows.

Names and shapes are those of the sample application of the SMI conformance tests; `Status`, `Error`
and `Elapsed` are ours. The lists keep the newest entries only.
"""

from collections import deque

import msgspec

KEPT = 1_000


class Call(msgspec.Struct, frozen=True):
    """One call that the application made. `Status` 0: it got no answer; `Elapsed` in seconds."""

    URL: str
    Method: str
    Headers: dict[str, str] | None
    Status: int
    Error: str
    Elapsed: float


class Ledger:
    """Bounded lists of what came in and what went out."""

    def __init__(self) -> None:
        self._received: deque[str] = deque(maxlen=KEPT)
        self._succeeded: deque[Call] = deque(maxlen=KEPT)
        self._failed: deque[Call] = deque(maxlen=KEPT)

    def receive(self, caller: str) -> None:
        """Note a request by the name its caller gave."""
        self._received.append(caller or "Unidentified")

    def record(self, call: Call) -> None:
        """Note a call; statuses 200 to 399 are successes."""
        has_succeeded = 200 <= call.Status < 400
        (self._succeeded if has_succeeded else self._failed).append(call)

    def clear(self) -> None:
        """Forget everything."""
        for entries in (self._received, self._succeeded, self._failed):
            entries.clear()

    def document(self) -> bytes:
        """The JSON of `/metrics`."""
        return msgspec.json.encode(
            {
                "ReqReceived": list(self._received),
                "RespSucceeded": list(self._succeeded),
                "RespFailed": list(self._failed),
            }
        )
