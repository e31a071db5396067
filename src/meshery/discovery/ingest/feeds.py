"""`Feeds`: which clusters are followed at their own broker, and how that goes.

A cluster without a feed is watched from here. A feed says where the broker is: a Service of the
cluster, reached by port-forward through its API server, or an address; its token stays in the
cluster's Secret and is read when it is needed. Or the broker connects to us as a leaf node.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, delete, select, update

from meshery.core.database import Database, db_now
from meshery.discovery.ingest.tables import kube_feed

Way = Literal["", "port-forward", "address", "leaf"]
FeedState = Literal["connecting", "following", "unreachable"]


class Broker(msgspec.Struct, frozen=True):
    """Where a cluster's broker is. `url` empty: by port-forward to the Service.

    `secret` and `key` name the Secret, in the same namespace, that holds its token; empty: none.
    With `leaf` it connects to us, by the account of the connection with this id.
    """

    namespace: str = "meshery"
    service: str = "meshery-nats"
    port: int = 4222
    secret: str = "meshery-nats-auth"  # noqa: S105 - its name
    key: str = "token"
    url: str = ""
    leaf: str = ""

    @property
    def way(self) -> Way:
        """How it is reached."""
        return "leaf" if self.leaf else "address" if self.url else "port-forward"


class Feed(msgspec.Struct, frozen=True):
    """How a cluster's broker is followed.

    `behind` messages are there and not yet taken over, for `lag_s` seconds. `error` is why it
    cannot be reached.
    """

    cluster_id: str
    broker: Broker
    state: FeedState
    behind: int
    lag_s: float
    error: str
    at: datetime


class Feeds:
    """The feeds of this installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, Feed]:
        """By cluster."""
        rows = await self._database.fetch(select(kube_feed))
        return {row.cluster_id: _feed(row) for row in rows}

    async def get(self, cluster_id: str) -> Feed | None:
        """A cluster's feed, None where it is watched from here."""
        query = select(kube_feed).where(kube_feed.c.cluster_id == cluster_id)
        row = next(iter(await self._database.fetch(query)), None)
        return None if row is None else _feed(row)

    async def follow(self, cluster_id: str, broker: Broker) -> None:
        """Follow a cluster's broker from now on; another place keeps what was reached of it."""
        place = msgspec.structs.asdict(broker)
        fresh = {**place, "state": "connecting", "error": "", "at": db_now()}
        first = {"stream": "", "position": 0, "behind": 0, "lag_s": 0.0}
        statement = self._database.insert(kube_feed).values(cluster_id=cluster_id, **fresh, **first)
        async with self._database.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["cluster_id"], set_=fresh)
            )

    async def forget(self, cluster_id: str) -> None:
        """Watch a cluster from here again."""
        async with self._database.write() as connection:
            await connection.execute(delete(kube_feed).where(kube_feed.c.cluster_id == cluster_id))

    async def position(self, cluster_id: str) -> tuple[str, int]:
        """Which stream was read, and how far; nothing in it where none was."""
        query = select(kube_feed.c.stream, kube_feed.c.position)
        rows = await self._database.fetch(query.where(kube_feed.c.cluster_id == cluster_id))
        return next(((row.stream, row.position) for row in rows), ("", 0))

    async def note(self, cluster_id: str, **values: Any) -> None:
        """Write how it goes; nothing where the feed is gone."""
        mine = kube_feed.c.cluster_id == cluster_id
        async with self._database.write() as connection:
            await connection.execute(update(kube_feed).where(mine).values(**values, at=db_now()))


def _feed(row: Row[Any]) -> Feed:
    broker = Broker(*(getattr(row, name) for name in Broker.__struct_fields__))
    return Feed(row.cluster_id, broker, row.state, row.behind, row.lag_s, row.error, row.at)
