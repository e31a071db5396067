"""Clusters are followed by their leaf node once it is connected, and no more once it may not be.

Until then each is followed or watched as before, so that nothing is missed between.
"""

import asyncio
from collections.abc import Mapping

from meshery.connections.leaves import Leaf, Leaves
from meshery.connections.service import ConnectionService
from meshery.core.errors import MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.discovery.ingest.feeds import Broker, Feed, Feeds
from meshery.discovery.leaf_way import by_leaf, is_met_here
from meshery.operations.platform import Platform
from meshery.operator.names import USUAL_BROKER, auth_of, nats_of

LOOK_S = 3.0

_log = get_logger("discovery.leaves")


def deployed_broker(namespace: str) -> Broker:
    """The broker of our operator in this namespace, reached by port-forward."""
    return Broker(namespace=namespace, service=nats_of(USUAL_BROKER), secret=auth_of(USUAL_BROKER))


async def keep_leaves(platform: Platform) -> None:
    """Look again and again, where clusters connect to the server of this home."""
    while True:
        if is_met_here(platform.settings):
            await look_at_leaves(platform)
        await asyncio.sleep(LOOK_S)


async def look_at_leaves(platform: Platform) -> None:
    """One look at all of them, side by side: those that are away keep nobody waiting."""
    feeds = await Feeds(platform.database).all()
    leaves = await Leaves(platform.database).all()
    known = {leaf.connection_id for leaf in leaves}
    async with asyncio.TaskGroup() as group:
        for leaf in leaves:
            group.create_task(_begin(platform, leaf, feeds), name=f"leaf {leaf.connection_id}")
    for feed in feeds.values():
        if feed.broker.leaf and feed.broker.leaf not in known:
            await go_back(platform, feed)


async def go_back(platform: Platform, feed: Feed) -> None:
    """Follow a cluster by port-forward where our operator is there, else watch it from here."""
    place = ""
    for shown in await ConnectionService(platform).all():
        if shown.cluster_id == feed.cluster_id:
            place = place or shown.operator
    if place:
        await Feeds(platform.database).follow(feed.cluster_id, deployed_broker(place))
    else:
        await Feeds(platform.database).forget(feed.cluster_id)


async def _begin(platform: Platform, leaf: Leaf, feeds: Mapping[str, Feed]) -> None:
    feed = feeds.get(leaf.cluster_id)
    if feed is not None and feed.broker.leaf == leaf.connection_id:
        return
    try:
        shown = await ConnectionService(platform).get(leaf.connection_id)
        async with by_leaf(platform, leaf.connection_id):
            place = shown.operator or (feed.broker.namespace if feed else Broker().namespace)
            broker = Broker(namespace=place, leaf=leaf.connection_id)
            await Feeds(platform.database).follow(leaf.cluster_id, broker)
        _log.info("leaf.followed", cluster=shown.name)
    except NotFoundError:
        return  # disconnected meanwhile
    except MesheryError as error:
        _log.debug("leaf.not_yet", connection=leaf.connection_id, what=error.what)
