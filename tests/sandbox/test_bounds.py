from fractions import Fraction
from math import comb

import pytest

from meshery.sandbox.bounds import acceptance


def exact_outside(samples: int, percent: int, low: int, high: int) -> Fraction:
    """P(X < low or X > high), in whole numbers only."""
    inside = sum(
        comb(samples, count) * percent**count * (100 - percent) ** (samples - count)
        for count in range(low, high + 1)
    )
    return 1 - Fraction(inside, 100**samples)


@pytest.mark.parametrize("samples", [1000, 1500])
@pytest.mark.parametrize("percent", [1, 10, 50, 90, 99])
def test_bounds_are_safe_and_no_wider_than_needed(samples: int, percent: int) -> None:
    low, high = acceptance(samples, percent / 100)
    limit = Fraction(1, 1_000_000)
    assert exact_outside(samples, percent, low, high) < limit
    tail = limit / 2
    if low > 0:
        assert exact_outside(samples, percent, low + 1, samples) > tail
    assert exact_outside(samples, percent, 0, high - 1) > tail


def test_a_wrong_share_is_noticed() -> None:
    low, high = acceptance(1000, 0.10)
    assert (low, high) == (57, 149)
    assert not low <= 200 <= high


def test_certainty_leaves_no_room() -> None:
    assert acceptance(1000, 0) == (0, 0)
    assert acceptance(1000, 1) == (1000, 1000)
    with pytest.raises(ValueError, match="between 0 and 1"):
        acceptance(10, 1.1)
