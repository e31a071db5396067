"""The way to a cluster's broker that connects to us as a leaf node: nothing reaches into it.

Its JetStream is asked under the cluster's id, within the account of its connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from meshery.connections.leaves import Leaf, Leaves
from meshery.core.bus import Bus
from meshery.core.bus_address import read_leaf_address
from meshery.core.bus_errors import AWAY
from meshery.core.bus_link import Trust
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.operations.platform import Platform

NAME = "meshery-server"
CONNECT_S = 3.0
_REMEDY = "look at status.leafNode of its Broker; new credentials: mesheryctl kubernetes leaf NAME"


def is_met_here(settings: Settings) -> bool:
    """Whether clusters connect to the server of this home."""
    return read_leaf_address(settings) is not None


@asynccontextmanager
async def by_leaf(platform: Platform, connection_id: str) -> AsyncIterator[Bus]:
    """A bus at the broker of a cluster that is connected to us.

    UnavailableError when it is not, or when its credentials were revoked.
    """
    leaf = await Leaves(platform.database).get(connection_id)
    if leaf is None:
        raise UnavailableError(
            "the leaf node of this cluster may not connect any more",
            cause="its credentials were revoked",
            remedy="make new ones: mesheryctl kubernetes leaf NAME",
            code="meshery.leaf.revoked",
        )
    bus = await _met(platform.settings, leaf)
    try:
        await bus.stream_state(DISCOVERY_STREAM)
        yield bus
    except UnavailableError as error:
        if bus.connected and error.specific_code == AWAY:
            raise _not_connected() from error
        raise
    finally:
        await bus.close()


async def _met(settings: Settings, leaf: Leaf) -> Bus:
    address = read_leaf_address(settings)
    if address is None:
        raise UnavailableError(
            "no server of this home listens for leaf nodes",
            remedy="set leaf.listen, or follow the cluster where that is set",
            code="meshery.leaf.unheard",
        )
    return await Bus.connect(
        settings,
        url=address.url,
        user=leaf.connection_id,
        token=address.token,
        domain=leaf.cluster_id,
        # How our own bus is reached says nothing of this one, which is on loopback.
        trust=Trust(),
        wait_s=CONNECT_S,
        name=NAME,
        only=(),
        reconnects=False,
    )


def _not_connected() -> UnavailableError:
    return UnavailableError(
        "the cluster's leaf node is not connected",
        cause="it did not connect yet, cannot reach us, or its credentials are not those "
        "that were made last; or its broker holds no stream yet",
        remedy=_REMEDY,
        code="meshery.leaf.away",
    )
