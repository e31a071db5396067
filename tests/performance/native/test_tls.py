import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from performance.native.running import arm, plan_for, run
from performance.native.servers import later, says, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scripted")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_tls_against_its_authority(
    context: ssl.SSLContext, certificate: Path, mode: str
) -> None:
    with serving(later(0.001), context=context) as server:
        plan = plan_for(arm(server.port, tls=True, ca_file=str(certificate)), mode=mode)
        outcome = await run(plan)
    counters = outcome.arm().counters
    assert outcome.statuses() == {200: counters.completed}
    assert counters.completed == counters.sent >= 100
    assert outcome.arm().failures == {}


async def test_large_answers_over_tls(context: ssl.SSLContext) -> None:
    with serving(lambda _: says(200, b"x" * 200_000), context=context) as server:
        outcome = await run(plan_for(arm(server.port, tls=True, verify=False), rate_rps=30))
    assert outcome.statuses() == {200: 30}


async def test_an_unknown_authority_is_refused(context: ssl.SSLContext) -> None:
    with serving(context=context) as server:
        outcome = await run(plan_for(arm(server.port, tls=True), rate_rps=20))
    assert outcome.arm().counters.failed == 20
    assert set(outcome.arm().failures) == {"certificate refused: self-signed certificate"}


async def test_a_server_without_tls_is_a_failure() -> None:
    with serving() as server:
        plan = plan_for(arm(server.port, tls=True), rate_rps=20, duration_s=0.5, timeout_s=0.3)
        outcome = await run(plan)
    counters = outcome.arm().counters
    assert counters.completed == 0
    assert counters.failed + counters.timed_out + counters.unsent == 10
