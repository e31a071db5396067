"""Keys that encrypt secrets at rest.

AES-256-GCM, a key id before every ciphertext, rotation without a stop.

The key file (`HOME/key`, or the setting `key_file` when servers share one) is a private file of
lines `id:base64`; the first line encrypts, all of them decrypt. Rotation puts a new line first;
rows are re-encrypted as they are written or by `rotate`. Form of a ciphertext: `v1 | key id (8
bytes) | nonce (12 bytes) | AES-GCM output`, as RFC 5116 describes the last two.
"""

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.paths import private_dir, write_private
from meshery.core.settings import Settings

_VERSION = b"v1"
_ID_BYTES = 8
_NONCE_BYTES = 12


class SecretError(MesheryError):
    """A stored secret cannot be read: its key is gone, or its bytes were changed."""

    code = "meshery.secret"
    title = "A stored secret cannot be read"


class Keys:
    """The key ring of one installation. Its repr never shows a key."""

    def __init__(self, ring: dict[bytes, bytes], *, file: Path) -> None:
        self._ring = ring
        self._file = file

    @classmethod
    def load(cls, settings: Settings) -> "Keys":
        """Read the key file, and create one (0600) when it is our own and missing."""
        file = key_file(settings)
        if not file.exists():
            if settings.key_file:
                raise UnavailableError(
                    f"the key file {file} does not exist",
                    cause="the setting key_file names it",
                    remedy="copy HOME/key of the first server there, or correct the setting",
                )
            private_dir(file.parent)
            write_private(file, _line(os.urandom(_ID_BYTES), AESGCM.generate_key(256)))
        if file.stat().st_mode & 0o077:
            raise UnavailableError(
                f"the key file {file} can be read by others",
                remedy=f"chmod 600 {file}",
            )
        return cls(_parse(file), file=file)

    @property
    def current_id(self) -> str:
        """The id of the key that encrypts now, in hexadecimal."""
        return next(iter(self._ring)).hex()

    def encrypt(self, secret: bytes, *, context: str = "") -> bytes:
        """Encrypt.

        `context` (a table and column, say) must be the same on decryption, so rows cannot be
        swapped.
        """
        key_id, key = next(iter(self._ring.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + key_id + nonce + AESGCM(key).encrypt(nonce, secret, context.encode())

    def decrypt(self, sealed: bytes, *, context: str = "") -> bytes:
        """Decrypt, or raise SecretError without saying anything of the content."""
        key_id, nonce, body = _split(sealed)
        key = self._ring.get(key_id)
        if key is None:
            raise SecretError(
                "the key of a stored secret is missing",
                cause=f"it was encrypted by key {key_id.hex()}, which {self._file} does not hold",
                remedy="put that key's line back into the key file, or enter the secret again",
            )
        try:
            return AESGCM(key).decrypt(nonce, body, context.encode())
        except InvalidTag as error:
            raise SecretError(
                "a stored secret does not match its seal",
                cause="its bytes were changed, or it was copied from another place",
                remedy="enter the secret again",
            ) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it; a caller re-encrypts when not."""
        return sealed[: len(_VERSION) + _ID_BYTES] == _VERSION + next(iter(self._ring))

    def rotate(self) -> "Keys":
        """Put a new key first in the file; older ones stay for decryption."""
        fresh = {os.urandom(_ID_BYTES): AESGCM.generate_key(256)}
        ring = fresh | self._ring
        write_private(self._file, b"".join(_line(key_id, key) for key_id, key in ring.items()))
        return Keys(ring, file=self._file)

    def __repr__(self) -> str:
        return f"Keys({len(self._ring)} keys, current {self.current_id})"


def key_file(settings: Settings) -> Path:
    """Where the keys are: `key_file`, else `key` in the home."""
    return Path(settings.key_file).expanduser() if settings.key_file else settings.home_path / "key"


def _line(key_id: bytes, key: bytes) -> bytes:
    return key_id.hex().encode() + b":" + base64.b64encode(key) + b"\n"


def _parse(file: Path) -> dict[bytes, bytes]:
    ring: dict[bytes, bytes] = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        key_id, _, key = line.strip().partition(":")
        try:
            ring[bytes.fromhex(key_id)] = base64.b64decode(key, validate=True)
        except ValueError as error:
            raise UnavailableError(
                f"line {number} of the key file {file} is not `id:key`",
                remedy="restore the file from a backup",
            ) from error
    if not ring or any(len(key) != 32 for key in ring.values()):
        raise UnavailableError(
            f"the key file {file} holds no usable key", remedy="restore the file from a backup"
        )
    return ring


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if not sealed.startswith(_VERSION):
        raise SecretError("a stored secret has an unknown form", remedy="enter the secret again")
    start = len(_VERSION)
    middle = start + _ID_BYTES
    return (
        sealed[start:middle],
        sealed[middle : middle + _NONCE_BYTES],
        sealed[middle + _NONCE_BYTES :],
    )
