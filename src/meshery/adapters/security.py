"""Who may call an adapter, and whom a caller trusts: TLS, mutual TLS, and a token.

Without TLS, tokens and logins of clusters travel on loopback only, unless somebody allows more.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from meshery.core.errors import ForbiddenError, InvalidInputError

_OPEN = ("/grpc.health.v1.Health/",)
"""Services that need no token: probes have none, and learn nothing but whether it serves."""


class ServerSecurity:
    """What a server shows and demands; PEM as bytes. Empty: no TLS, no token."""

    def __init__(
        self,
        *,
        certificate: bytes = b"",
        key: bytes = b"",
        client_authority: bytes = b"",
        token: str = "",
        allows_plain: bool = False,
    ) -> None:
        self.certificate = certificate
        self.client_authority = client_authority
        self.allows_plain = allows_plain
        self._key = key
        self._token = token
        if bool(certificate) != bool(key):
            raise InvalidInputError("TLS needs a certificate and its key, not one of them")
        if client_authority and not certificate:
            raise InvalidInputError("certificates of callers can be checked with TLS only")

    def check(self, host: str) -> None:
        """ForbiddenError for an address that others reach, without TLS or without a login."""
        has_login = bool(self._token or self.client_authority)
        if self.allows_plain or is_loopback(host) or (self.certificate and has_login):
            return
        raise ForbiddenError(
            f"an adapter at {host} could be called by anybody",
            cause="calls carry the logins of clusters",
            remedy="give a certificate, and a token or an authority of callers; "
            "or allow plain calls explicitly, where the network is closed",
        )

    def credentials(self) -> Any:
        """TLS as gRPC wants it; None without."""
        if not self.certificate:
            return None
        return grpc.ssl_server_credentials(
            [(self._key, self.certificate)],
            root_certificates=self.client_authority or None,
            require_client_auth=bool(self.client_authority),
        )

    def interceptors(self) -> list[Any]:
        """What looks at every call first."""
        return [_TokenCheck(self._token)] if self._token else []


class ClientSecurity:
    """Whom a caller trusts and what it shows; PEM as bytes. With no authority there is no TLS.

    `server_name` is the name in the server's certificate, if not its address.
    """

    def __init__(
        self,
        *,
        authority: bytes = b"",
        certificate: bytes = b"",
        key: bytes = b"",
        token: str = "",
        server_name: str = "",
        allows_plain: bool = False,
    ) -> None:
        self.authority = authority
        self.token = token
        self.server_name = server_name
        self.allows_plain = allows_plain
        self._certificate = certificate
        self._key = key

    def channel(self, address: str, options: tuple[tuple[str, Any], ...]) -> Any:
        """A channel to an adapter; nothing is sent yet. ForbiddenError: a token in the clear."""
        if not self.authority:
            if self.token:
                self.check_plain(address)
            return grpc.aio.insecure_channel(address, options=options)
        if self.server_name:
            options = (*options, ("grpc.ssl_target_name_override", self.server_name))
        credentials = grpc.ssl_channel_credentials(
            self.authority, self._key or None, self._certificate or None
        )
        return grpc.aio.secure_channel(address, credentials, options=options)

    def with_token(self, token: str) -> "ClientSecurity":
        """The same with another token."""
        return ClientSecurity(
            authority=self.authority,
            certificate=self._certificate,
            key=self._key,
            token=token,
            server_name=self.server_name,
            allows_plain=self.allows_plain,
        )

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def check_plain(self, address: str) -> None:
        """ForbiddenError where secrets would travel in the clear."""
        host = address.rpartition(":")[0]
        if self.authority or self.allows_plain or is_loopback(host):
            return
        raise ForbiddenError(
            f"secrets would travel to {address} in the clear",
            cause="the adapter is called without TLS, and not on this machine",
            remedy="give the authority of its certificate, or allow plain calls to it explicitly",
        )


def read_token(file: str) -> str:
    """The token in a file; empty without one. InvalidInputError when it cannot be read."""
    return read_pem(file).decode("utf-8", "replace").strip()


def read_pem(file: str) -> bytes:
    """The bytes of a file; none without one. InvalidInputError when it cannot be read."""
    if not file:
        return b""
    try:
        return Path(file).expanduser().read_bytes()
    except OSError as error:
        raise InvalidInputError(f"cannot read {file}", cause=str(error.strerror)) from error


def is_loopback(host: str) -> bool:
    """Whether a host can only be reached from this machine."""
    plain = host.strip("[]")
    if plain == "localhost":
        return True
    try:
        return ipaddress.ip_address(plain).is_loopback
    except ValueError:
        return False


class _TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpcio has no types
    """Lets calls pass that have the token, compared in constant time."""

    def __init__(self, token: str) -> None:
        self._wanted = f"Bearer {token}".encode()
        self._refusal = grpc.unary_unary_rpc_method_handler(_refuse)

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        """The handler of a call, or one that refuses it."""
        if handler_call_details.method.startswith(_OPEN):
            return await continuation(handler_call_details)
        given = dict(handler_call_details.invocation_metadata or ()).get("authorization", "")
        raw = given if isinstance(given, bytes) else str(given).encode()
        if hmac.compare_digest(raw, self._wanted):
            return await continuation(handler_call_details)
        return self._refusal


async def _refuse(_request: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the adapter's token is missing or wrong")
