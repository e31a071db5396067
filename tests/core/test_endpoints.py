import pytest

from meshery.core.endpoints import host_port


@pytest.mark.parametrize(
    ("host", "shown"),
    [("broker", "broker:4222"), ("192.0.2.1", "192.0.2.1:4222"), ("::1", "[::1]:4222")],
)
def test_a_place_as_it_is_written(host: str, shown: str) -> None:
    assert host_port(host, 4222) == shown
