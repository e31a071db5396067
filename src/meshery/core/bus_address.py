"""Where the message bus is: the external NATS server of the settings, or our own child's.

The server of a home notes its child's address in a private file, for the other processes there.
"""

from pathlib import Path

import msgspec

from meshery.core.errors import UnavailableError
from meshery.core.paths import write_private
from meshery.core.settings import Settings


class BusAddress(msgspec.Struct, frozen=True):
    """Where the NATS server of this home listens; `token` is a secret."""

    url: str
    token: str = ""


def address_file(settings: Settings) -> Path:
    """Where the server of a home notes its own NATS child's address (0600)."""
    return settings.home_path / "nats" / "address.json"


def write_address(settings: Settings, address: BusAddress) -> None:
    """Note the address of our own NATS child for the other processes of this home."""
    write_private(address_file(settings), msgspec.json.encode(address))


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
