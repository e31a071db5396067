"""Where the message bus is: the external NATS server of the settings, or our own child's.

The server of a home notes its child's address in a private file, for the other processes there.
"""

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from meshery.core.endpoints import host_port
from meshery.core.errors import InvalidInputError, UnavailableError
from meshery.core.paths import write_private
from meshery.core.settings import Settings


class BusAddress(msgspec.Struct, frozen=True):
    """Where the NATS server of this home listens; `token` is a secret."""

    url: str
    token: str = ""


def parse_address(text: str, *, named: str) -> BusAddress:
    """An address that people wrote, its token apart; `nats://` and port 4222 may be left out.

    InvalidInputError, by the name `named`, for what is none, or holds a password: our client says
    who it is by a token.
    """
    try:
        found = urlsplit(text if "://" in text else f"nats://{text}")
        port = found.port or 4222
    except ValueError:
        found, port = urlsplit(""), 0
    if found.scheme not in {"nats", "tls"} or not found.hostname or found.password:
        raise InvalidInputError(
            f"{named} is no address of a NATS server with a token",
            remedy="write nats://TOKEN@HOST:PORT, or tls://... for TLS",
            code="meshery.bus.address",
        )
    url = f"{found.scheme}://{host_port(found.hostname, port)}"
    return BusAddress(url, found.username or "")


def address_file(settings: Settings) -> Path:
    """Where the server of a home notes its own NATS child's address (0600)."""
    return settings.home_path / "nats" / "address.json"


def write_address(settings: Settings, address: BusAddress) -> None:
    """Note the address of our own NATS child for the other processes of this home."""
    write_private(address_file(settings), msgspec.json.encode(address))


def leaf_file(settings: Settings) -> Path:
    """Where the server of a home notes where clusters that connect to it are met (0600)."""
    return settings.home_path / "nats" / "leaf.json"


def read_leaf_address(settings: Settings) -> BusAddress | None:
    """Where clusters that connect to the server of this home are met; None where none does."""
    try:
        return msgspec.json.decode(leaf_file(settings).read_bytes(), type=BusAddress)
    except (OSError, msgspec.DecodeError):
        return None


def read_address(settings: Settings) -> BusAddress:
    """The external server of the settings, else our own child's; UnavailableError without one."""
    if settings.bus.url:
        file = settings.bus.token_file
        token = Path(file).expanduser().read_text().strip() if file else ""
        return BusAddress(settings.bus.url, token)
    try:
        return msgspec.json.decode(address_file(settings).read_bytes(), type=BusAddress)
    except (OSError, msgspec.DecodeError) as error:
        raise UnavailableError(
            "no message bus is known",
            cause=f"bus.url is empty and {address_file(settings)} cannot be read",
            remedy="start the server of this home, or set bus.url",
            code="meshery.bus.unknown",
        ) from error
