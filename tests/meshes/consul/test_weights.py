"""Weights of a splitter: exactly 100 in 32-bit floats, whatever was asked for."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meshery.meshes.consul.weights import added, is_exact, percentages, splits

WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=6).filter(any)
# No order of 0.35, 0.35, 33.1, 33.1 and 33.1 adds up to 100.
IN_NO_ORDER = [166, 166, 15758, 15756, 15756]


@given(WEIGHTS)
@example(IN_NO_ORDER)
def test_shares_come_to_a_hundred_as_the_controller_adds_them(weights: list[int]) -> None:
    made = splits(weights)
    assert added([share for share, _ in made]) == 100.0
    assert sorted(at for _, at in made) == list(range(len(weights)))


@given(WEIGHTS)
@example(IN_NO_ORDER)
def test_each_share_is_near_and_none_is_lost(weights: list[int]) -> None:
    total = sum(weights)
    for share, at in splits(weights):
        assert (share > 0) == (weights[at] > 0)
        assert abs(share - 100 * weights[at] / total) < 0.01 * (len(weights) + 1) + 1e-9


@pytest.mark.parametrize(
    ("weights", "shares"),
    [([90, 10], [90.0, 10.0]), ([1, 1, 1], [33.34, 33.33, 33.33]), ([1, 999_999], [0.01, 99.99])],
)
def test_percentages(weights: list[int], shares: list[float]) -> None:
    assert percentages(weights) == shares


def test_what_can_be_said_exactly_is() -> None:
    assert is_exact([90, 10], splits([90, 10]))
    assert not is_exact([1, 1, 1], splits([1, 1, 1]))
    assert not is_exact(IN_NO_ORDER, splits(IN_NO_ORDER))


def test_an_order_that_adds_up_is_taken() -> None:
    weights = next(
        weights
        for first in range(1, 4000)
        for weights in ([first, 3331, 10_000 - first - 3331],)
        if added([weight / 100 for weight in weights]) != 100.0
    )
    made = splits(weights)
    assert [at for _, at in made] != [0, 1, 2]
    assert is_exact(weights, made)
