"""`Lag`: for how long the oldest message of a stream has not been read, as samples tell."""

from collections import deque


class Lag:
    """One reader's. A message that is just on its way is no lag."""

    def __init__(self) -> None:
        self._there: deque[tuple[int, float]] = deque()

    def sample(self, position: int, *, last: int, at_s: float) -> float:
        """The lag in seconds where `position` is read of a stream that ends at `last`.

        A message counts from the first sample that found it there and unread.
        """
        while self._there and self._there[0][0] <= position:
            self._there.popleft()
        known = self._there[-1][0] if self._there else position
        if last > known:
            self._there.append((last, at_s))
        return at_s - self._there[0][1] if self._there else 0.0
