"""How far a reader is behind, from samples of its place and the stream's end."""

from meshery.discovery.ingest.lag import Lag


def lags(*samples: tuple[int, int]) -> list[float]:
    """The lag at each sample of place and end, five seconds apart."""
    lag = Lag()
    return [
        lag.sample(position, last=last, at_s=5.0 * number)
        for number, (position, last) in enumerate(samples)
    ]


def test_a_message_on_its_way_is_no_lag() -> None:
    assert lags((10, 10), (14, 15), (19, 20), (20, 20)) == [0, 0, 0, 0]


def test_what_stays_unread_lags_from_when_it_was_first_seen() -> None:
    assert lags((10, 11), (10, 12), (10, 12), (11, 12), (12, 12)) == [0, 5, 10, 10, 0]


def test_a_reader_that_is_always_behind_by_as_much_lags_by_as_much() -> None:
    assert lags((0, 100), (20, 200), (120, 300), (220, 400), (320, 500)) == [0, 5, 5, 5, 5]
