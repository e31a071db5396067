"""Who we are, request by request: tokens that are read, fetched or renewed as they age.

Exec plug-ins follow kubernetes.io/docs/reference/access-authn-authz/authentication
(client-go credential plugins); renewal of id tokens follows OpenID Connect Core 1.0, section 12.
"""

import asyncio
import base64
import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from meshery.core.errors import NotAuthenticatedError
from meshery.kube.access import Access, Credentials
from meshery.kube.execplugin import run_plugin
from meshery.kube.oidc import expiry_of, renew

FILE_LIFETIME_S = 60.0
"""How long a token from a file is used; the kubelet renews it long before it ends."""
EARLY_S = 30.0
"""How long before its end a token is renewed."""


class Ticket(msgspec.Struct, frozen=True):
    """What a request carries, until `expires` (Unix time in seconds; infinity: for ever)."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: float = float("inf")

    def __repr__(self) -> str:
        return f"Ticket(expires={self.expires})"


class Source(Protocol):
    """Where tickets come from."""

    async def fetch(self) -> Ticket:
        """A fresh ticket. NotAuthenticatedError when none is to be had."""
        ...


class Login:
    """The current ticket of one access, renewed when it ends or when `forget` is called."""

    def __init__(self, access: Access) -> None:
        self._credentials = access.credentials
        self._source = _source(access)
        self._ticket: Ticket | None = None
        self._lock = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether asking again may give another token."""
        return not isinstance(self._source, _Fixed)

    async def ticket(self) -> Ticket:
        """A ticket that is valid now; one fetch at a time, whoever asks."""
        async with self._lock:
            if self._ticket is None or self._ticket.expires - EARLY_S < time.time():
                self._ticket = await self._source.fetch()
            return self._ticket

    def forget(self, ticket: Ticket) -> None:
        """The server refused `ticket`: the next one is fetched, unless that happened already."""
        if self._ticket is ticket:
            self._ticket = None

    def headers(self, ticket: Ticket) -> list[tuple[str, str]]:
        """What a request with `ticket` carries: the login, and whom to act as."""
        return [*_login_headers(self._credentials, ticket), *_impersonation(self._credentials)]


def _login_headers(credentials: Credentials, ticket: Ticket) -> list[tuple[str, str]]:
    if ticket.token:
        return [("Authorization", f"Bearer {ticket.token}")]
    if credentials.username:
        pair = f"{credentials.username}:{credentials.password}".encode()
        return [("Authorization", f"Basic {base64.b64encode(pair).decode()}")]
    return []


def _impersonation(credentials: Credentials) -> list[tuple[str, str]]:
    if not credentials.act_as:
        return []
    headers = [("Impersonate-User", credentials.act_as)]
    headers += [("Impersonate-Group", group) for group in credentials.act_as_groups]
    if credentials.act_as_uid:
        headers.append(("Impersonate-Uid", credentials.act_as_uid))
    for name, values in credentials.act_as_extra.items():
        headers += [(f"Impersonate-Extra-{name}", value) for value in values]
    return headers


def _source(access: Access) -> Source:
    credentials = access.credentials
    if credentials.exec:
        return _Program(access)
    if credentials.oidc:
        return _Provider(credentials)
    if credentials.token_file:
        return _File(Path(credentials.token_file), credentials)
    return _Fixed(credentials)


class _Fixed:
    """A token or certificate that stays as it is."""

    def __init__(self, credentials: Credentials) -> None:
        self._ticket = Ticket(
            token=credentials.token, certificate=credentials.certificate, key=credentials.key
        )

    async def fetch(self) -> Ticket:
        return self._ticket


class _File:
    """A token in a file that somebody else renews."""

    def __init__(self, path: Path, credentials: Credentials) -> None:
        self._path = path
        self._credentials = credentials

    async def fetch(self) -> Ticket:
        try:
            token = self._path.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            token = self._credentials.token
            if not token:
                raise NotAuthenticatedError(
                    f"cannot read the token {self._path}",
                    cause=str(error),
                    remedy="check that the ServiceAccount's token is mounted",
                    code="meshery.kube.token_file",
                ) from error
        return Ticket(
            token=token,
            certificate=self._credentials.certificate,
            key=self._credentials.key,
            expires=time.time() + FILE_LIFETIME_S + EARLY_S,
        )


class _Program:
    """What an exec plug-in prints."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def fetch(self) -> Ticket:
        status = await run_plugin(self._access)
        own = self._access.credentials
        return Ticket(
            token=status.token,
            certificate=status.certificate or own.certificate,
            key=status.key or own.key,
            expires=_seconds(status.expires),
        )


class _Provider:
    """An id token, renewed with its refresh token; a new refresh token replaces the old one."""

    def __init__(self, credentials: Credentials) -> None:
        self._oidc = credentials.oidc
        self._credentials = credentials
        self._used = False

    async def fetch(self) -> Ticket:
        assert self._oidc is not None  # noqa: S101 - _source looked
        stale = expiry_of(self._oidc.id_token) - EARLY_S < time.time()
        if self._used or stale:
            self._oidc = await renew(self._oidc)
        self._used = True
        return Ticket(
            token=self._oidc.id_token,
            certificate=self._credentials.certificate,
            key=self._credentials.key,
            expires=expiry_of(self._oidc.id_token),
        )


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if text else float("inf")
    except ValueError as error:
        raise NotAuthenticatedError(
            f"the exec plug-in named an expiry that is none: {text!r:.60}",
            remedy="update the plug-in",
            code="meshery.kube.exec",
        ) from error


def ended_certificate(pem: str) -> str:
    """When a client certificate ended, as text; empty when it is valid or unreadable."""
    from cryptography import x509

    try:
        end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:
        return ""
    return end.isoformat() if end.timestamp() < time.time() else ""
