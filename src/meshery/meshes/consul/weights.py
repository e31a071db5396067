"""Weights of a ServiceSplitter: percentages with two decimals that come to exactly 100.

The controller adds them as 32-bit floats and refuses any other sum than 100, so the order counts:
33.34 before 33.33 may fail where the other way round is right. One that is right is chosen.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, permutations

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


def is_exact(weights: Sequence[int], shares: Iterable[tuple[float, int]]) -> bool:
    """Whether shares are the very same proportions as the weights they stand for."""
    total = sum(weights)
    return all(weights[at] * _WHOLE == round(share * 100) * total for share, at in shares)


def splits(weights: Sequence[int]) -> list[tuple[float, int]]:
    """Shares in an order that adds up to 100, each with the place of its weight.

    The given order where that does, else another; where none does, 0.01 goes from one to another.
    """
    shares = percentages(weights)
    for tried in (shares, *_beside(weights, shares)):
        for order in islice(permutations(range(len(tried))), _TRIED):
            if added([tried[at] for at in order]) == 100.0:
                return [(tried[at], at) for at in order]
    return [(share, at) for at, share in enumerate(shares)]


def _beside(weights: Sequence[int], shares: Sequence[float]) -> Iterator[list[float]]:
    """The same shares with 0.01 moved, nearest to the weights first."""
    total = sum(weights)
    parts = [round(share * 100) for share in shares]
    errors = [part - weight * _WHOLE / total for part, weight in zip(parts, weights, strict=True)]
    pairs = [
        (errors[giver] - errors[taker], giver, taker)
        for giver, taker in permutations(range(len(parts)), 2)
        if parts[giver] > 1 and parts[taker]
    ]
    for _, giver, taker in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        moved = list(parts)
        moved[giver] -= 1
        moved[taker] += 1
        yield [part / 100 for part in moved]


def added(shares: Sequence[float]) -> float:
    """The sum as the controller sees it: of 32-bit floats, one after the other."""
    total = 0.0
    for share in shares:
        total = _single(total + _single(share))
    return total


def _single(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])
