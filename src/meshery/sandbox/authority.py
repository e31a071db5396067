"""The sandbox's own certificate authority: SPIFFE identities, and a rotation nobody notices.

EC P-256 keys, certificates after the SPIFFE X.509-SVID standard: empty subject, the identity as a
critical URI name, for both ends of TLS. Private keys are files of mode 0600 in a directory of 0700.

A rotation has three steps, each of which leaves every pair of sidecars able to talk: trust the old
and the new authority (`begin_rotation`), let the new one sign (`issue` from then on), trust the new
one only (`finish_rotation`). It survives a restart: what is on disk says which step was reached.
"""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from meshery.core.certificates import (
    Signer,
    certificate_pem,
    key_pem,
    name_of,
    new_key,
    read_key,
)
from meshery.core.paths import private_dir, write_private

DAY_S = 86_400.0
_AUTHORITY_LIFETIME = timedelta(days=3650)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A certificate and its key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes = dataclasses.field(repr=False)
    not_before: datetime
    not_after: datetime


class Authority:
    """Signs identities. Make one with `create`, or `load` one that exists."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def create(cls, directory: Path) -> "Authority":
        """A new authority in a directory of its own, which becomes private."""
        private_dir(directory)
        authority = cls(directory)
        authority._make("current")
        return authority

    @classmethod
    def load(cls, directory: Path) -> "Authority":
        """The authority of a directory. FileNotFoundError when there is none."""
        authority = cls(directory)
        authority._certificate("current")
        return authority

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation has begun and not finished."""
        return self._path("next", "crt").exists()

    @property
    def trust_pem(self) -> bytes:
        """What sidecars shall trust now: one authority, or during a rotation both."""
        names = ("current", "next") if self.is_rotating else ("current",)
        return b"".join(self._path(name, "crt").read_bytes() for name in names)

    def issue(self, spiffe_id: str, *, lifetime_s: float = DAY_S) -> Leaf:
        """A certificate for an identity; during a rotation it is the new authority's."""
        signer = "next" if self.is_rotating else "current"
        key = new_key()
        certificate = Signer(self._certificate(signer), self._key(signer)).sign(
            key, [x509.UniformResourceIdentifier(spiffe_id)], lifetime=timedelta(seconds=lifetime_s)
        )
        return Leaf(
            certificate_pem(certificate),
            key_pem(key),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def begin_rotation(self) -> None:
        """Make the next authority; from now on both are trusted and the next one signs."""
        if not self.is_rotating:
            self._make("next")

    def finish_rotation(self) -> None:
        """Forget the old authority; the next one is the current."""
        if self.is_rotating:
            # The key first: were it to end between the two, `next.crt` still says it is rotating.
            write_private(self._path("current", "key"), self._path("next", "key").read_bytes())
            self._path("next", "crt").replace(self._path("current", "crt"))
            self._path("next", "key").unlink(missing_ok=True)

    def _make(self, name: str) -> None:
        mark = f"authority {x509.random_serial_number() % 0xFFFFFF:06x}"
        made = Signer.create(
            name_of(mark, organization="Meshery sandbox"), lifetime=_AUTHORITY_LIFETIME
        )
        # The certificate last: only with it does the authority exist.
        write_private(self._path(name, "key"), key_pem(made.key))
        write_private(self._path(name, "crt"), certificate_pem(made.certificate))

    def _path(self, name: str, kind: str) -> Path:
        return self._directory / f"{name}.{kind}"

    def _certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self._path(name, "crt").read_bytes())

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return read_key(self._path(name, "key").read_bytes())
