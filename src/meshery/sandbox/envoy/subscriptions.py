"""What a sidecar has taken of each file: the version it serves, and whether it refused the newest.

Envoy has no acknowledgement for files. Its statistics tell: `version_text` becomes the version that
was written, or `update_rejected` (bad value) or `update_failure` (no JSON) rises. Texts are few and
cheap to ask for, counters are not: they are read only when a version is late.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

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
_SECRETS = (IDENTITY, TRUST)
# A file is taken after one to two milliseconds; asking sooner only takes the CPU from who takes it.
_SHORTEST_POLL_S, _LONGEST_POLL_S = 0.002, 0.02
_LATE_S = 0.02
_COUNTERS = ("update_attempt", "update_success", "update_rejected", "update_failure")


def watched_files(directory: Path) -> list[str]:
    """The files in a sidecar's directory that it watches."""
    return [file for file in _PREFIXES if (directory / file).exists()]


async def versions(client: AdminClient, files: Iterable[str]) -> dict[str, str]:
    """The version that a sidecar serves of each file, empty for none.

    Secrets that it has no use for are left out: without mutual TLS nothing asks for them.
    UnavailableError when it does not answer.
    """
    texts = await client.texts()
    found = {file: texts.get(f"{_PREFIXES[file]}.version_text") for file in files}
    return {
        file: version or ""
        for file, version in found.items()
        if version is not None or file not in _SECRETS
    }


async def until_taken(client: AdminClient, wanted: Mapping[str, str]) -> list[str]:
    """Wait until each file's version is served, or one is refused; those refused.

    A sidecar that does not answer is waited for: it starts with the files that are there. The
    caller sets the time limit.
    """
    clock = asyncio.get_running_loop().time
    late_at = clock() + _LATE_S
    pause_s = _SHORTEST_POLL_S
    waiting = dict(wanted)
    while True:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)
        try:
            serving = await versions(client, waiting)
            waiting = {
                file: wish for file, wish in waiting.items() if serving.get(file, wish) != wish
            }
            refused = await _refused(client, waiting) if waiting and clock() > late_at else []
        except UnavailableError:
            late_at = clock() + _LATE_S
            continue
        if refused or not waiting:
            return refused


async def _refused(client: AdminClient, waiting: Mapping[str, str]) -> list[str]:
    """Those whose newest content was read and not taken.

    Envoy reads a file in the same loop that answers us, so by now it has read it: when every
    attempt has ended, one of them badly, and the version is still another, it was refused.
    """
    names = "|".join(re.escape(_PREFIXES[file]) for file in waiting)
    counted = await client.stats(rf"^({names})\.update_")
    serving = await versions(client, waiting)
    refused = []
    for file, wish in waiting.items():
        attempts, taken, rejected, failed = (
            int(counted.get(f"{_PREFIXES[file]}.{counter}", "0")) for counter in _COUNTERS
        )
        is_over = rejected + failed > 0 and attempts <= taken + rejected + failed
        if is_over and serving.get(file, wish) != wish:
            refused.append(file)
    return refused
