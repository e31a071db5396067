"""What a sample application is told: who it is, where it listens, whom it calls, how well."""

from pathlib import Path
from typing import Annotated

import msgspec


class AppConfig(msgspec.Struct, frozen=True):
    """One instance. `error_rate` is a percentage; `proxy_port` 0 means calls go out directly."""

    instance: str
    service: str
    version: str
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    host: str = "127.0.0.1"
    latency_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    error_rate: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    calls: tuple[str, ...] = ()
    proxy_host: str = "127.0.0.1"
    proxy_port: int = 0
    call_timeout_s: float = 30.0


def load_config(path: Path) -> AppConfig:
    """Read a JSON file. OSError or msgspec.ValidationError when it cannot be used."""
    return msgspec.json.decode(path.read_bytes(), type=AppConfig)
