"""Keys of a control plane: an authority, the API server's certificate, the accounts' signing key.

Made here rather than by the API server: EC keys take milliseconds, and the names are ours to say.
"""

from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from meshery.core.certificates import Signer, certificate_pem, name_of, new_key
from meshery.core.paths import private_dir, write_private

_LIFETIME = timedelta(days=365)
_SERVICE = "kubernetes.default.svc.cluster.local"


def ensure_certificates(directory: Path, *, service_ip: str) -> None:
    """Have `ca.crt`, `server.crt`, `server.key` and `accounts.key` in `directory`.

    What is there stays, so that clients' trust and accounts' tokens outlive a restart.
    `service_ip` is the address of the service `kubernetes`.
    """
    if (directory / "accounts.key").exists():
        return
    private_dir(directory)
    authority = Signer.create(name_of("kubernetes-ca"), lifetime=_LIFETIME)
    server_key = new_key()
    labels = _SERVICE.split(".")
    names = ["localhost", *(".".join(labels[:count]) for count in (1, 2, 3, 5))]
    server = authority.sign(
        server_key,
        [*names, "127.0.0.1", service_ip],
        lifetime=_LIFETIME,
        subject=name_of("kube-apiserver"),
    )
    write_private(directory / "ca.crt", certificate_pem(authority.certificate))
    write_private(directory / "server.crt", certificate_pem(server))
    write_private(directory / "server.key", _pem(server_key))
    write_private(directory / "accounts.key", _pem(new_key()))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # SEC 1, not PKCS #8: Kubernetes reads a public key from no other form of a private one.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
