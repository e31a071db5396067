"""What must hold before a server starts, beyond the form of single settings."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from meshery.core import leases
from meshery.core.database import Database
from meshery.core.errors import InvalidInputError, UnavailableError, UnsupportedError
from meshery.core.settings import LeafSettings, Settings
from meshery.server.listener import demand_loopback, is_loopback

_CLAIM = "server.alone"
_CLAIM_S = 15.0
_SECURE_SCHEMES = frozenset({"tls", "wss"})


def demand_allowed(settings: Settings) -> None:
    """UnsupportedError when these settings describe a server that we do not run."""
    demand_loopback(settings.server)
    _demand_safe_bus(settings)
    _demand_safe_leaf(settings.leaf)


def _demand_safe_bus(settings: Settings) -> None:
    """A NATS server on another host needs TLS and a token: operations and events travel over it."""
    url = settings.bus.url
    if not url or is_loopback(urlsplit(url).hostname or ""):
        return
    missing = []
    if urlsplit(url).scheme not in _SECURE_SCHEMES and not settings.bus.tls_ca_file:
        missing.append("TLS (a tls:// address or bus.tls_ca_file)")
    if not settings.bus.token_file:
        missing.append("a token (bus.token_file)")
    if missing:
        raise UnsupportedError(
            f"the NATS server {url} may not be used without protection",
            cause=f"it is on another host, and {' and '.join(missing)} is missing",
            remedy="set both; see `mesheryctl system settings`",
            code="meshery.unsupported.bus",
        )


def _demand_safe_leaf(leaf: LeafSettings) -> None:
    """Clusters that connect over a network need to know whom they tell what they hold."""
    host, _, port = leaf.listen.rpartition(":")
    if leaf.listen and not (host and port.isdigit()):
        raise InvalidInputError(
            f"leaf.listen is {leaf.listen!r:.80}, which is no address",
            remedy="write HOST:PORT, such as 127.0.0.1:7422",
            code="meshery.leaf.listen",
        )
    if bool(leaf.certificate_file) != bool(leaf.key_file):
        raise InvalidInputError(
            "of certificate and key for leaf nodes one is missing",
            remedy="set both: leaf.certificate_file and leaf.key_file",
            code="meshery.leaf.certificate",
        )
    if not leaf.listen or is_loopback(host.strip("[]")):
        return
    missing = [] if leaf.certificate_file else ["leaf.certificate_file and leaf.key_file"]
    missing += [] if leaf.url.startswith("tls://") else ["leaf.url (tls://HOST:PORT)"]
    if missing:
        raise UnsupportedError(
            f"Meshery does not listen for leaf nodes on {leaf.listen}",
            cause=f"others reach it there, and {' and '.join(missing)} is missing",
            remedy="set them, or listen on 127.0.0.1",
            code="meshery.unsupported.leaf",
        )


async def take_claim(database: Database, settings: Settings) -> int:
    """Claim a shared database whose bus is a child of ours; the fence, 0 where no claim is needed.

    UnsupportedError when another server has it: several need one external NATS server. The same
    home may take it again at once after a crash.
    """
    if settings.bus.url or database.dialect == "sqlite":
        return 0
    fence = await leases.acquire(database, _CLAIM, owner=_owner(settings), ttl_s=_CLAIM_S)
    if fence is None:
        raise _not_alone()
    return fence


async def keep_claim(database: Database, settings: Settings, fence: int) -> None:
    """Renew the claim until cancelled, then give it back. UnsupportedError when it was lost."""
    if not fence:
        return
    owner = _owner(settings)
    try:
        while True:
            await asyncio.sleep(_CLAIM_S / 3)
            with suppress(UnavailableError):  # the database is away: nobody else can claim it
                await _renew(database, owner, fence)
    finally:
        with suppress(UnavailableError):  # then it lapses by itself
            await leases.release(database, _CLAIM, owner=owner, fence=fence)


async def _renew(database: Database, owner: str, fence: int) -> None:
    if not await leases.renew(database, _CLAIM, owner=owner, fence=fence, ttl_s=_CLAIM_S):
        raise _not_alone()


def _owner(settings: Settings) -> str:
    return f"{settings.worker_host}:{settings.home_path}"


def _not_alone() -> UnsupportedError:
    return UnsupportedError(
        "another server uses this database with a NATS server of its own",
        cause="their operations and events would not reach each other",
        remedy="give all of them one external NATS server (bus.url, bus.token_file), "
        "or this one its own database",
        code="meshery.unsupported.servers",
    )
