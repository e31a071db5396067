"""Weights of a ServiceSplitter: percentages with two decimals that come to exactly 100.

The controller adds them as 32-bit floats and refuses any other sum than 100, so the order counts:
33.34 before 33.33 may fail where the other way round is right. One that is right is chosen.
"""

import struct
from collections.abc import Sequence
from itertools import islice, permutations
from typing import TypeVar

T = TypeVar("T")

_WHOLE = 10_000
_TRIED = 5_000


def percentages(weights: Sequence[int]) -> list[float]:
    """Shares in percent, by largest remainders; what has a weight gets 0.01 at least."""
    total = sum(weights)
    exact = [weight * _WHOLE / total for weight in weights]
    parts = [max(int(share), 1 if share else 0) for share in exact]
    rest = _WHOLE - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    while rest > 0:
        for at in by_remainder[:rest]:
            parts[at] += 1
        rest = _WHOLE - sum(parts)
    while rest < 0:
        largest = max(range(len(parts)), key=lambda at: (parts[at], -at))
        parts[largest] -= 1
        rest += 1
    return [part / 100 for part in parts]


def is_exact(weights: Sequence[int], shares: Sequence[float]) -> bool:
    """Whether shares are the very same proportions as the weights."""
    total = sum(weights)
    pairs = zip(weights, shares, strict=True)
    return all(weight * _WHOLE == round(share * 100) * total for weight, share in pairs)


def in_order(splits: Sequence[tuple[float, T]]) -> list[tuple[float, T]]:
    """The splits in the given order where that adds up to 100, else in one that does."""
    for order in islice(permutations(splits), _TRIED):
        if added([share for share, _ in order]) == 100.0:
            return list(order)
    return list(splits)


def added(shares: Sequence[float]) -> float:
    """The sum as the controller sees it: of 32-bit floats, one after the other."""
    total = 0.0
    for share in shares:
        total = _single(total + _single(share))
    return total


def _single(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])
