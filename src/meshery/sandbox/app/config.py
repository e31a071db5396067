"""What a sample application is told: who it is, where it listens, whom it calls, how well."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

EchoProtocol = Literal["grpc", "tcp", "udp"]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class AppConfig(msgspec.Struct, frozen=True):
    """One instance. `error_rate` is a percentage; `proxy_port` 0 means calls go out directly.

    `echo_ports` are further ports, by protocol. With `notes_lost_calls` off, `/metrics` is silent
    about calls that got no answer, as the application of the conformance tests is.
    """

    instance: str
    service: str
    version: str
    port: Port
    host: str = "127.0.0.1"
    latency_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    error_rate: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    calls: tuple[str, ...] = ()
    proxy_host: str = "127.0.0.1"
    proxy_port: int = 0
    call_timeout_s: float = 30.0
    echo_ports: dict[EchoProtocol, Port] = {}
    notes_lost_calls: bool = True


def load_config(path: Path) -> AppConfig:
    """Read a JSON file. OSError or msgspec.ValidationError when it cannot be used."""
    return msgspec.json.decode(path.read_bytes(), type=AppConfig)
