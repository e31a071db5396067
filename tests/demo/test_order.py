import pytest

from meshery.core.errors import InvalidInputError
from meshery.demo.model import DemoRequest
from meshery.demo.order import parse_order


def test_an_empty_order_is_the_main_job_with_its_defaults() -> None:
    assert parse_order(b"") == parse_order(b"{}") == DemoRequest()


def test_durations_are_go_durations() -> None:
    order = parse_order(b'{"duration": "1500ms", "function_duration": "2s", "rate_rps": 500}')
    assert (order.duration_s, order.function_duration_s, order.rate_rps) == (1.5, 2.0, 500)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_order(b'{"durtion": "1s",\n "duration": "5",\n "rate_rps": "fast"}')
    problems = {problem.path: problem for problem in caught.value.problems}
    assert problems["durtion"].hint == "did you mean duration?"
    assert problems["duration"].line == 2
    assert problems["rate_rps"].line == 3


@pytest.mark.parametrize("duration", ["0s", "-1s", "10ms", "24h"])
def test_a_length_without_sense_is_refused(duration: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_order(f'{{"duration": "{duration}"}}'.encode())
