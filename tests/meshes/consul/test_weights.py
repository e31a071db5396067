"""Weights of a splitter: exactly 100 in 32-bit floats, whatever was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from meshery.meshes.consul.weights import added, in_order, is_exact, percentages

WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=6).filter(any)


@given(WEIGHTS)
def test_shares_come_to_a_hundred_as_the_controller_adds_them(weights: list[int]) -> None:
    shares = percentages(weights)
    assert round(sum(shares), 6) == 100
    ordered = in_order([(share, number) for number, share in enumerate(shares)])
    assert added([share for share, _ in ordered]) == 100.0
    assert sorted(number for _, number in ordered) == list(range(len(weights)))


@given(WEIGHTS)
def test_each_share_is_near_and_none_is_lost(weights: list[int]) -> None:
    total = sum(weights)
    for weight, share in zip(weights, percentages(weights), strict=True):
        assert (share > 0) == (weight > 0)
        assert abs(share - 100 * weight / total) < 0.01 * len(weights) + 1e-9


def test_what_can_be_said_exactly_is() -> None:
    assert percentages([90, 10]) == [90.0, 10.0]
    assert is_exact([90, 10], percentages([90, 10]))
    assert percentages([1, 1, 1]) == [33.34, 33.33, 33.33]
    assert not is_exact([1, 1, 1], percentages([1, 1, 1]))
    assert percentages([1, 999_999]) == [0.01, 99.99]


def test_an_order_that_adds_up_is_taken() -> None:
    given_order = next(
        shares
        for first in range(1, 4000)
        for shares in ([first / 100, 33.31, (10_000 - first - 3331) / 100],)
        if added(shares) != 100.0
    )
    ordered = in_order([(share, share) for share in given_order])
    assert [share for share, _ in ordered] != given_order
    assert added([share for share, _ in ordered]) == 100.0
