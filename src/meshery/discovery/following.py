"""How a cluster's own broker is met, and its stream taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec

from meshery.apply.target import Ref
from meshery.connections.model import Connection
from meshery.connections.service import ConnectionService
from meshery.connections.target import KubernetesTarget
from meshery.core.bus import Bus
from meshery.core.bus_link import Trust
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.telemetry import get_logger
from meshery.discovery.ingest.feeds import Broker, Feeds
from meshery.discovery.ingest.relay import Relay
from meshery.discovery.leaf_way import by_leaf
from meshery.kube.apply import get
from meshery.kube.backoff import Backoff
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource
from meshery.operations.platform import Platform
from meshery.operator.names import AUTHORITY, host_of

NAME = "meshery-server"
"""What we are called in the broker's `connz`."""
CONNECT_S = 10.0
SECRETS = Resource(group="", version="v1", kind="Secret", plural="secrets", namespaced=True)

_log = get_logger("discovery.following")


async def follow_broker(
    platform: Platform, connection: Connection, broker: Broker, *, again: asyncio.Event
) -> None:
    """Take over what a cluster's watcher tells, until cancelled; an outage is waited for.

    When `again` is set the watcher is asked to tell everything.
    """
    feeds = Feeds(platform.database)
    backoff = Backoff(most_s=15.0)
    while True:
        backoff.began()
        try:
            async with _met(platform, connection, broker) as bus:
                relay = Relay(feeds, connection.cluster_id, broker=bus, bus=platform.bus)
                await _run(relay, again)
        except MesheryError as error:
            _log.info("feed.unreachable", cluster=connection.name, what=error.what)
            why = f"{error.what}: {error.cause}" if error.cause else error.what
            await feeds.note(connection.cluster_id, state="unreachable", error=why)
        await backoff.wait()


def _met(
    platform: Platform, connection: Connection, broker: Broker
) -> AbstractAsyncContextManager[Bus]:
    if broker.leaf:
        return by_leaf(platform, broker.leaf)
    return reached(platform, connection, broker)


async def _run(relay: Relay, again: asyncio.Event) -> None:
    async def pass_on() -> None:
        while True:
            await again.wait()
            again.clear()
            relay.ask_everything()

    asking = asyncio.create_task(pass_on(), name="feed-again")
    try:
        await relay.run()
    finally:
        asking.cancel()
        await asyncio.wait({asking})


@asynccontextmanager
async def reached(platform: Platform, connection: Connection, broker: Broker) -> AsyncIterator[Bus]:
    """A bus at a cluster's broker that leaves its streams as they are.

    UnavailableError when it does not answer, NotFoundError without its Service or Secret.
    """
    async with ConnectionService(platform).client(connection.id) as client:
        token, trust = await _login(client, broker)
        async with _address(client, connection, broker) as address:
            bus = await Bus.connect(
                platform.settings,
                url=address.replace("nats://", "tls://") if trust.authorities else address,
                token=token,
                # How our own bus is reached says nothing of a cluster's.
                trust=trust,
                wait_s=CONNECT_S,
                name=NAME,
                only=(),
                reconnects=False,
            )
            try:
                yield bus
            finally:
                await bus.close()


@asynccontextmanager
async def _address(
    client: KubeClient, connection: Connection, broker: Broker
) -> AsyncIterator[str]:
    if broker.url:
        yield broker.url
        return
    service = Ref("v1", "Service", broker.service, broker.namespace)
    target = KubernetesTarget(client, name=connection.name)
    async with target.reach(service, port=broker.port) as endpoint:
        yield f"nats://{endpoint.host}:{endpoint.port}"


async def _login(client: KubeClient, broker: Broker) -> tuple[str, Trust]:
    """The token, and whom to trust: both from the one Secret, as they belong together."""
    if not broker.secret:
        return "", Trust()
    found = await get(client, SECRETS, broker.secret, namespace=broker.namespace)
    data: dict[str, Any] = found.document().get("data") or {}
    try:
        token = msgspec.convert(data[broker.key], bytes, strict=False).decode()
        authorities = msgspec.convert(data.get(AUTHORITY, ""), bytes, strict=False).decode()
    except (KeyError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UnavailableError(
            f"Secret {broker.namespace}/{broker.secret} has no token",
            cause=f"it should be at {broker.key!r}",
            remedy="deploy the broker again, or name the right key",
            code="meshery.discovery.token",
        ) from error
    # The address of a forwarded port is in no certificate.
    hostname = "" if broker.url else host_of(broker.service, broker.namespace)
    return token, Trust(authorities, hostname)
