import os
import socket
import sys

import pytest

from meshery.core.errors import ConflictError, InvalidInputError, UnsupportedError
from meshery.core.settings import BusSettings, ServerSettings, Settings
from meshery.server.listener import demand_loopback, listen, url_of
from meshery.server.preconditions import demand_allowed


def test_a_free_port_is_taken_and_named() -> None:
    with listen(ServerSettings(port=0)) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://localhost:{port}"
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_taken_port_names_who_has_it_and_the_setting() -> None:
    with listen(ServerSettings(port=0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConflictError) as caught:
            listen(ServerSettings(port=port))
    assert caught.value.what == f"port {port} is taken"
    assert "MESHERY_SERVER_PORT" in caught.value.remedy
    if sys.platform.startswith("linux"):
        assert f"process {os.getpid()}" in caught.value.cause


def test_an_address_of_somebody_else_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        listen(ServerSettings(host="192.0.2.1", port=0))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mesh.example", ""])
def test_others_may_not_reach_it_without_a_login(host: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        demand_loopback(ServerSettings(host=host))
    assert "ssh -L" in caught.value.remedy


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    demand_loopback(ServerSettings(host=host))


@pytest.mark.parametrize(
    ("bus", "is_allowed"),
    [
        (BusSettings(), True),
        (BusSettings(url="nats://127.0.0.1:4222"), True),
        (BusSettings(url="nats://nats.example:4222"), False),
        (BusSettings(url="tls://nats.example:4222"), False),
        (BusSettings(url="tls://nats.example:4222", token_file="/t"), True),
        (BusSettings(url="nats://nats.example", tls_ca_file="/ca", token_file="/t"), True),
    ],
)
def test_a_bus_elsewhere_needs_tls_and_a_token(bus: BusSettings, is_allowed: bool) -> None:
    settings = Settings(bus=bus)
    if is_allowed:
        demand_allowed(settings)
    else:
        with pytest.raises(UnsupportedError):
            demand_allowed(settings)
