"""The meshes of connected clusters as they change, for whoever follows them.

Each message has all meshes as they are then, and says which of them are new: a subscriber that was
away misses nothing by beginning again. While one is read, what changes meanwhile is one message.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import suppress

import msgspec

from meshery.discovery.feed import change_feed
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.operations.platform import Platform

LOOK_S = 2.0
"""They are looked at so often where nothing was stored: a watch may also go stale."""
SETTLE_S = 0.2


class MeshesSeen(msgspec.Struct, frozen=True):
    """All meshes, and the ids of those that came, changed and went since the message before.

    `seq` is the place of the newest change then. A reading of a cluster holds for about a second,
    so what came right before may only be in the next message.
    """

    seq: int
    added: list[str]
    changed: list[str]
    gone: list[str]
    meshes: list[MeshItem]


async def followed_meshes(
    platform: Platform, clusters: Collection[str] = ()
) -> AsyncGenerator[MeshesSeen]:
    """All now, then all whenever one came, changed or went. NotFoundError for unknown clusters."""
    feed, inventory = change_feed(platform), MeshInventory(platform)
    before: Mapping[str, MeshItem] | None = None
    async with feed.stirring() as stirred:
        while True:
            stirred.clear()
            seq = await feed.newest()
            found = await inventory.meshes(clusters)
            now = {each.id: each.undated() for each in found}
            if now != before:
                yield _seen(seq, found, now, before or {})
                before = now
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await stirred.wait()
            await asyncio.sleep(SETTLE_S)


def _seen(
    seq: int,
    found: Collection[MeshItem],
    now: Mapping[str, MeshItem],
    before: Mapping[str, MeshItem],
) -> MeshesSeen:
    return MeshesSeen(
        seq=seq,
        added=[each for each in now if each not in before],
        changed=[each for each in now if each in before and now[each] != before[each]],
        gone=[each for each in before if each not in now],
        meshes=list(found),
    )
