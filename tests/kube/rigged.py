"""A rigged API server on loopback: it says what a test tells it, over TLS where it is told to."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from meshery.kube.access import Access, Credentials

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class RiggedServer:
    """`answers` are given in turn; the last one stays."""

    url: str
    answers: list[Handler] = field(default_factory=list)
    seen: list[web.Request] = field(default_factory=list)

    def access(self, credentials: Credentials | None = None, *, ca: str = "") -> Access:
        return Access(
            name="rigged", server=self.url, credentials=credentials or Credentials(), ca=ca
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if "Upgrade" not in request.headers:
            await request.read()
        self.seen.append(request)
        handler = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await handler(request)


def says(status: int, body: object = None, *, headers: dict[str, str] | None = None) -> Handler:
    async def handler(_request: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(
            status=status, text=text, content_type="application/json", headers=headers
        )

    return handler


def refuses(code: int, reason: str, message: str, **details: object) -> Handler:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return says(code, {**body, "details": details})


def streams(*events: object, then: float = 0.0) -> Handler:
    """Lines of JSON, then silence of `then` seconds, then the end."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for event in events:
            await response.write(json.dumps(event).encode() + b"\n")
        await asyncio.sleep(then)
        return response

    return handler


async def hangs(_request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


@asynccontextmanager
async def rigged(
    *answers: Handler, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RiggedServer]:
    application = web.Application(client_max_size=2**26)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    server = RiggedServer("", list(answers))
    application.router.add_route("*", "/{path:.*}", server.handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test's own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self, common_name: str, *, address: str = "127.0.0.1", days: int = 1
    ) -> tuple[str, str]:
        """A certificate and its key, as PEM; `days` below zero gives one that ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        certificate = (
            _builder(common_name, key, days=days)
            .issuer_name(self.certificate.subject)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), _key_pem(key)

    def server_context(
        self, folder: Path, *, address: str = "127.0.0.1", days: int = 1, clients: bool = False
    ) -> ssl.SSLContext:
        certificate, key = self.issue("server", address=address, days=days)
        (folder / "server.pem").write_text(certificate + key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.pem)
        context.load_cert_chain(folder / "server.pem")
        context.verify_mode = ssl.CERT_OPTIONAL if clients else ssl.CERT_NONE
        return context


def authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("authority", key, days=1)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def _builder(
    common_name: str, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
