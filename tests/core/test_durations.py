import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.core.durations import format_duration, parse_duration
from meshery.core.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400.0),
        ("500ms", 0.5),
        ("2.5s", 2.5),
        ("100us", 1e-4),
        ("100µs", 1e-4),
        ("250ns", 2.5e-7),
        ("-1m", -60.0),
        ("0", 0.0),
        (".5s", 0.5),
    ],
)
def test_a_go_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5 s",
        "s",
        "1d",
        "1h-30m",
        "abc",
        "1.2.3s",
        "--1s",
        "-+1s",
        "٣s",
        "2562048h",
        "9" * 400 + "s",
    ],
)
def test_anything_else_is_refused_with_the_next_step(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_duration(text)
    assert caught.value.remedy


def test_a_bare_number_is_told_how_to_be_written() -> None:
    with pytest.raises(InvalidInputError, match="not a duration") as caught:
        parse_duration("10")
    assert "10s" in caught.value.remedy


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_formatting_keeps_every_nanosecond_that_a_float_can_hold(nanos: int) -> None:
    seconds = nanos / 1e9
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9, rel=1e-12)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "1m30s"), (0.0005, "500us"), (0, "0s"), (3600, "1h"), (1.5, "1.5s"), (-0.25, "-250ms")],
)
def test_the_form_is_the_shortest(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
