"""Keys by which a user of NATS proves who it is: whoever checks it holds nothing secret.

An Ed25519 key (RFC 8032) in the form of NATS: a prefix that says what it is, the key, and its
CRC-16/XMODEM, in base32 without padding (docs.nats.io, "NKeys").
"""

import base64

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED, _USER = 18 << 3, 20 << 3
"""The first letters: S, then U."""
_POLYNOMIAL = 0x1021


class UserKey(msgspec.Struct, frozen=True):
    """`seed` is the secret; `public` is what may be known."""

    seed: str
    public: str

    def __repr__(self) -> str:
        return f"UserKey({self.public})"


def new_user_key() -> UserKey:
    """A key that nobody has."""
    key = Ed25519PrivateKey.generate()
    # The kind of a seed is five bits of the prefix after its own.
    prefix = bytes([_SEED | _USER >> 5, (_USER & 31) << 3])
    public = bytes([_USER]) + key.public_key().public_bytes_raw()
    return UserKey(_encoded(prefix + key.private_bytes_raw()), _encoded(public))


def _encoded(raw: bytes) -> str:
    checked = raw + _checksum(raw).to_bytes(2, "little")
    return base64.b32encode(checked).decode().rstrip("=")


def _checksum(raw: bytes) -> int:
    value = 0
    for byte in raw:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value & 0x8000 else 0)) & 0xFFFF
    return value
