"""What a sidecar has taken of each file: the version it serves, and how often it refused.

Envoy has no acknowledgement for files. Its statistics tell: `version_text` becomes the version that
was written, or `update_rejected` (bad value) or `update_failure` (no JSON) rises.
"""

import asyncio
import re

import msgspec

from meshery.core.errors import UnavailableError
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.render.names import (
    ALLOW,
    CLUSTERS,
    DENY,
    IDENTITY_SECRET,
    INBOUND,
    NETWORK,
    OUTBOUND,
    SECRETS,
    TRUST_SECRET,
)

_PREFIXES = {
    CLUSTERS: ("cluster_manager.cds",),
    OUTBOUND: ("http.outbound.rds.outbound",),
    INBOUND: ("http.inbound.rds.inbound",),
    ALLOW: ("extension_config_discovery.http_filter.access-allow",),
    DENY: ("extension_config_discovery.http_filter.access-deny",),
    NETWORK: ("extension_config_discovery.network_filter.network",),
    SECRETS: (f"sds.{IDENTITY_SECRET}", f"sds.{TRUST_SECRET}"),
}
_SHORTEST_POLL_S, _LONGEST_POLL_S = 0.0005, 0.02


class Progress(msgspec.Struct, frozen=True):
    """What a sidecar says of one file: its versions, and its refusals up to now."""

    versions: frozenset[str]
    refusals: int


async def progress(client: AdminClient, files: list[str]) -> dict[str, Progress]:
    """What a sidecar says of its files. UnavailableError when it does not answer."""
    prefixes = [prefix for file in files for prefix in _PREFIXES[file]]
    names = "|".join(re.escape(prefix) for prefix in prefixes)
    found = await client.stats(rf"^({names})\.(version_text|update_rejected|update_failure)$")
    return {file: _progress(found, _PREFIXES[file]) for file in files}


async def until_taken(
    client: AdminClient, wanted: dict[str, str], *, before: dict[str, Progress]
) -> list[str]:
    """Wait until each file's version is served, or one is refused; those refused.

    A sidecar that does not answer is waited for: it starts with the files that are there. The
    caller sets the time limit.
    """
    waiting = dict(wanted)
    pause_s = _SHORTEST_POLL_S
    while waiting:
        try:
            now = await progress(client, list(waiting))
        except UnavailableError:
            before = {}
            now = {}
        refused = [
            file
            for file, state in now.items()
            if file in before and state.refusals > before[file].refusals
        ]
        if refused:
            return refused
        for file, state in now.items():
            if state.versions == {waiting[file]}:
                del waiting[file]
        if waiting:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)
    return []


def _progress(found: dict[str, str], prefixes: tuple[str, ...]) -> Progress:
    versions = frozenset(found.get(f"{prefix}.version_text", "") for prefix in prefixes)
    refusals = sum(
        int(found.get(f"{prefix}.{counter}", "0"))
        for prefix in prefixes
        for counter in ("update_rejected", "update_failure")
    )
    return Progress(versions, refusals)
