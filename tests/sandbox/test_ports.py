import socket
from pathlib import Path

import pytest

from meshery.core.errors import UnavailableError
from meshery.sandbox.ports import is_free, take_ports, taken_ports


def test_ports_are_free_distinct_and_outside_the_kernels_range() -> None:
    ports = take_ports(40)
    assert len(set(ports)) == 40
    assert taken_ports(ports) == []
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not any(low <= port <= high for port in ports)


def test_avoids_what_others_were_promised() -> None:
    first = set(take_ports(200))
    assert not first & set(take_ports(200, taken=first))


def test_sees_a_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert taken_ports([port]) == [port]
    assert is_free(port)


def test_tells_datagrams_from_connections() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not is_free(port, udp=True)
        assert is_free(port)


def test_a_port_is_chosen_only_where_datagrams_are_free_too() -> None:
    (first,) = take_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first))
        everything_else = set(range(65_536)) - {first}
        with pytest.raises(UnavailableError, match="free ports"):
            take_ports(1, taken=everything_else)
    assert take_ports(1, taken=everything_else) == [first]


def test_says_when_there_are_too_few() -> None:
    with pytest.raises(UnavailableError, match="free ports"):
        take_ports(1, taken=range(65_536))
