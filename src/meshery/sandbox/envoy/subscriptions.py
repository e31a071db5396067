"""What a sidecar has taken of each file: the version it serves, and how often it refused.

Envoy has no acknowledgement for files. Its statistics tell: `version_text` becomes the version that
was written, or `update_rejected` (bad value) or `update_failure` (no JSON) rises.
"""

import asyncio
import re
from pathlib import Path

import msgspec

from meshery.core.errors import UnavailableError
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.render.names import (
    ALLOW,
    CLUSTERS,
    DENY,
    IDENTITY,
    IDENTITY_SECRET,
    INBOUND,
    NETWORK,
    OUTBOUND,
    TRUST,
    TRUST_SECRET,
)

_PREFIXES = {
    CLUSTERS: "cluster_manager.cds",
    OUTBOUND: "http.outbound.rds.outbound",
    INBOUND: "http.inbound.rds.inbound",
    ALLOW: "extension_config_discovery.http_filter.access-allow",
    DENY: "extension_config_discovery.http_filter.access-deny",
    NETWORK: "extension_config_discovery.network_filter.network",
    IDENTITY: f"sds.{IDENTITY_SECRET}",
    TRUST: f"sds.{TRUST_SECRET}",
}
_SHORTEST_POLL_S, _LONGEST_POLL_S = 0.0005, 0.02


class Progress(msgspec.Struct, frozen=True):
    """What a sidecar says of one file: the version it serves, and its refusals up to now."""

    version: str
    refusals: int


def watched_files(directory: Path) -> list[str]:
    """The files in a sidecar's directory that it watches."""
    return [file for file in _PREFIXES if (directory / file).exists()]


async def progress(client: AdminClient, files: list[str]) -> dict[str, Progress]:
    """What a sidecar says of its files. UnavailableError when it does not answer."""
    names = "|".join(re.escape(_PREFIXES[file]) for file in files)
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
            if state.version == waiting[file]:
                del waiting[file]
        if waiting:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)
    return []


def _progress(found: dict[str, str], prefix: str) -> Progress:
    refusals = sum(
        int(found.get(f"{prefix}.{counter}", "0"))
        for counter in ("update_rejected", "update_failure")
    )
    return Progress(found.get(f"{prefix}.version_text", ""), refusals)
