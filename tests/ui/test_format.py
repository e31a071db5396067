from datetime import UTC, datetime, timedelta

import pytest

from meshery.ui import format as words
from meshery.ui.widgets.prose import sentences


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        (312.4, True, "+312 µs"),
        (-3.04, True, "\N{MINUS SIGN}3.0 µs"),
        (0, True, "0.0 µs"),
        (6, False, "6.0 µs"),
        (999.4, False, "999 µs"),
        (999.6, False, "1.00 ms"),
        (1_060, False, "1.06 ms"),
        (12_340, False, "12.3 ms"),
        (123_400, False, "123 ms"),
        (2_400_000, False, "2.40 s"),
    ],
)
def test_microseconds(value: float, signed: bool, expected: str) -> None:
    assert words.microseconds(value, signed=signed) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (300, 325, "300 to 325 µs"),
        (-3.2, 15, "\N{MINUS SIGN}3 to 15 µs"),
        (810, 1_060, "0.81 to 1.06 ms"),
        (-0.4, 0.6, "\N{MINUS SIGN}0.4 to 0.6 µs"),
    ],
)
def test_interval_has_one_unit(low: float, high: float, expected: str) -> None:
    assert words.interval(low, high) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.42, "0.4 s"), (12, "12 s"), (185, "3 min 5 s"), (7440, "2 h 4 min"), (260_000, "3 days")],
)
def test_seconds(value: float, expected: str) -> None:
    assert words.seconds(value) == expected


def test_sizes_rates_and_shares() -> None:
    assert words.size(15_800_000) == "15.8 MB"
    assert words.size(512) == "512 B"
    assert words.rate(1_000) == "1,000"
    assert words.rate(0.42) == "0.4"
    assert words.percent(0.5) == "50 %"
    assert words.percent(0.002) == "0.2 %"
    assert words.percent(0) == "0 %"
    assert words.plural(1, "service") == "1 service"
    assert words.plural(3, "entry", "entries") == "3 entries"


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (2, "just now"),
        (40, "40 s ago"),
        (240, "4 min ago"),
        (7200, "2 h ago"),
        (4 * 86400, "4 days ago"),
    ],
)
def test_ago(passed: float, expected: str) -> None:
    now = datetime.now(UTC)
    assert words.ago(now - timedelta(seconds=passed), now=now) == expected


def test_never_and_no_clock() -> None:
    assert words.ago(None) == "never"
    assert words.clock(None) == ""
    assert words.clock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04:05 UTC"


def test_parts_become_sentences() -> None:
    assert sentences("it never existed", "", "look at the list.") == (
        "It never existed. Look at the list."
    )
    assert sentences("", "") == ""
