"""What of a target is ours: the ports of our sandboxes, and the facts of the one measured."""

import hashlib

import msgspec

from meshery.operations.platform import Platform
from meshery.sandbox.layout import all_ports
from meshery.sandbox.store import Store

Facts = dict[str, str | dict[str, str]]


async def own_ports(platform: Platform) -> frozenset[int]:
    """Every port of every sandbox on this host: loading them needs nobody's consent."""
    rows = await Store(platform.database).all(host=platform.host)
    return frozenset(port for row in rows for port in all_ports(row.layout))


async def sandbox_facts(platform: Platform, name: str) -> Facts:
    """What a result's environment says of its sandbox. NotFoundError when there is none."""
    _, objects = await Store(platform.database).snapshot(name)
    return {
        "mesh": "sandbox",
        "sandbox": name,
        "sandbox_digest": _digest(objects),
        "proxy_settings": {"concurrency": "1", "mutual_tls": "on the hop measured"},
    }


def _digest(objects: list[dict[str, object]]) -> str:
    """The same for the same objects, whatever their versions."""
    plain = []
    for document in objects:
        metadata = document.get("metadata")
        kept = dict(metadata) if isinstance(metadata, dict) else {}
        for volatile in ("resourceVersion", "uid", "creationTimestamp", "generation"):
            kept.pop(volatile, None)
        stable = {key: value for key, value in document.items() if key != "status"}
        plain.append({**stable, "metadata": kept})
    canonical = msgspec.json.encode(plain, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:16]
