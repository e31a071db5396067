"""MeshSyncs: watchers of this cluster, ready when the broker has seen them publish."""

import base64
from urllib.parse import urlsplit

import msgspec

from meshery.core.bus_address import parse_address
from meshery.core.endpoints import host_port
from meshery.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from meshery.kube.apply import get
from meshery.kube.client import KubeClient
from meshery.kube.lease import LEASES
from meshery.kube.readiness import readiness
from meshery.operator.children import (
    ACCOUNTS,
    CLUSTER_BINDINGS,
    DEPLOYMENTS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICES,
    Children,
    Document,
)
from meshery.operator.conditions import READY, Outcome
from meshery.operator.images import Images, versioned
from meshery.operator.keeper import Keeper, Kept
from meshery.operator.meshsync_parts import COPIES, MeshSyncParts, Publishing
from meshery.operator.model import (
    CLIENT_PORT,
    BrokerSpec,
    MeshSyncSpec,
    NativeBroker,
    Served,
    served,
)
from meshery.operator.monitor import Monitor
from meshery.operator.names import (
    AUTHORITY,
    BROKERS,
    MESHSYNC_FINALIZER,
    MESHSYNC_MANAGER,
    OLD_BROKERS,
    PUBLISHERS,
    Key,
    auth_of,
    host_of,
    nats_of,
)
from meshery.operator.watch_list import check

CLIENT = "meshsync"
"""What watchers are called among the broker's connections."""


class _Found(msgspec.Struct, frozen=True):
    """A broker that is there: how to publish, and the addresses of its servers' monitors."""

    publishing: Publishing
    monitors: tuple[str, ...]


class MeshSyncKeeper(Keeper):
    """Keeps MeshSyncs."""

    kind = MeshSyncSpec
    finalizer = MESHSYNC_FINALIZER
    manager = MESHSYNC_MANAGER

    def __init__(self, client: KubeClient, images: Images) -> None:
        super().__init__(client)
        self._images = images

    async def carry_out(self, found: Served, children: Children) -> Kept:
        """Have the watcher, and ask the broker whether it publishes."""
        spec: MeshSyncSpec = found.spec
        check(spec.watch_list)
        parts = MeshSyncParts(found, image=versioned(self._images.meshsync, spec.version))
        broker = await self._broker(parts, found, children)
        if isinstance(broker, Outcome):
            return Kept(broker)
        for document in parts.access():
            await children.put(document)
        deployment = await children.put(parts.deployment(broker.publishing))
        outcome = await _health(deployment, broker.monitors)
        return Kept(outcome, {"publishing-to": broker.publishing.shown})

    async def clean_up(self, found: Served, children: Children) -> None:
        """The watcher first: it must not find its rights gone, nor make its lease anew."""
        parts = MeshSyncParts(found, image="")
        await children.take_away(DEPLOYMENTS, parts.name, propagation="Foreground")
        await children.take_away(CLUSTER_BINDINGS, parts.binding)
        await children.take_away(SECRETS, parts.url_secret)
        for resource in (LEASES, ROLE_BINDINGS, ROLES, ACCOUNTS):
            await children.take_away(resource, parts.name)

    async def _broker(
        self, parts: MeshSyncParts, found: Served, children: Children
    ) -> _Found | Outcome:
        choice = found.spec.broker
        if choice.custom.url and choice.native.name:
            raise _no_broker("it names a native and a custom broker")
        if choice.custom.url:
            return await _custom(choice.custom.url, parts, children)
        if not choice.native.name:
            raise _no_broker("it names none")
        return await self._native(choice.native, parts, children)

    async def _native(
        self, named: NativeBroker, parts: MeshSyncParts, children: Children
    ) -> _Found | Outcome:
        namespace = named.namespace or parts.namespace
        try:
            broker = await self._broker_object(named.name, namespace)
            if not _lets_in(broker, parts.namespace):
                # Running pods have the token in their environment.
                await children.take_away(DEPLOYMENTS, parts.name)
                await children.take_away(SECRETS, parts.url_secret)
                raise _closed(broker, parts.namespace)
            services = [nats_of(named.name)]
            size = broker.spec.size
            if size > 1:
                services += [f"{services[0]}-{number}" for number in range(size)]
            addresses = [await self._address(name, namespace) for name in services]
            auth = (
                await get(self.client, SECRETS, auth_of(named.name), namespace=namespace)
            ).document()
        except NotFoundError as error:
            waiting = f"waits for Broker {namespace}/{named.name}: {error.what}"
            return Outcome("HealthCheckFailed", waiting)
        data = auth["data"]
        is_secure = AUTHORITY in data
        if broker.spec.tls.enabled and not is_secure:
            waiting = f"waits for Broker {namespace}/{named.name}: it has no certificate yet"
            return Outcome("HealthCheckFailed", waiting)
        held = ("token", AUTHORITY) if is_secure else ("token",)
        secret = auth_of(named.name)
        if namespace != parts.namespace:
            # A pod reads Secrets of its own namespace only.
            await children.put(parts.secret({key: data[key] for key in held}))
            secret = parts.url_secret
        else:
            await children.take_away(SECRETS, parts.url_secret)
        address = host_port(addresses[0], CLIENT_PORT)
        publishing = Publishing(
            f"{'tls' if is_secure else 'nats'}://{address}",
            secret,
            address,
            COPIES if size >= COPIES else 1,
            data[AUTHORITY] if is_secure else "",
            host_of(services[0], namespace) if is_secure else "",
        )
        return _Found(publishing, tuple(addresses[1:] or addresses))

    async def _broker_object(self, name: str, namespace: str) -> Served:
        """The Broker of either group. NotFoundError when neither has it."""
        last: NotFoundError | None = None
        for resource in (BROKERS, OLD_BROKERS):
            try:
                item = await get(self.client, resource, name, namespace=namespace)
            except NotFoundError as error:
                last = last or error
                continue
            return served(item, Key(resource, namespace, name), BrokerSpec)
        raise last or NotFoundError(f"there is no Broker {namespace}/{name}")

    async def _address(self, service: str, namespace: str) -> str:
        item = await get(self.client, SERVICES, service, namespace=namespace)
        address: str = item.document()["spec"]["clusterIP"]
        return address


async def _custom(url: str, parts: MeshSyncParts, children: Children) -> _Found:
    shown = parse_address(url, named="broker.custom.url").url
    encoded = base64.b64encode(url.encode()).decode()
    await children.put(parts.secret({"url": encoded}))
    return _Found(Publishing(shown, parts.url_secret), (urlsplit(shown).hostname or "",))


async def _health(deployment: Document, monitors: tuple[str, ...]) -> Outcome:
    """Not ready before the broker has messages of a watcher, whatever its pods look like."""
    found = readiness(deployment)
    if not found.is_ready:
        return Outcome("HealthCheckFailed", f"the watcher is not ready: {found.reason}")
    async with Monitor(monitors) as monitor:
        try:
            known = await monitor.connections(CLIENT)
            stored = await monitor.stored()
        except UnavailableError as error:
            return Outcome("HealthCheckFailed", error.what)
    if not known:
        return Outcome("HealthCheckFailed", "no watcher is connected to the broker")
    if not stored or not any(each.in_msgs for each in known):
        return Outcome("HealthCheckFailed", "the watcher has published nothing yet")
    return READY


def _lets_in(broker: Served, namespace: str) -> bool:
    """Whether its token may be copied there, for all to read who may read Secrets there."""
    named = (broker.metadata.annotations or {}).get(PUBLISHERS, "").split(",")
    return broker.key.namespace == namespace or not {"*", namespace}.isdisjoint(
        each.strip() for each in named
    )


def _closed(broker: Served, namespace: str) -> ForbiddenError:
    name = f"{broker.key.namespace}/{broker.key.name}"
    return ForbiddenError(
        f"the Broker {name} takes nothing from MeshSyncs of {namespace}",
        cause=f"its annotation {PUBLISHERS} does not name that namespace",
        remedy="ask whoever keeps that Broker to name it there, separated by commas",
        code="meshery.operator.broker_closed",
    )


def _no_broker(cause: str) -> InvalidInputError:
    return InvalidInputError(
        "this MeshSync names no broker to publish to",
        cause=cause,
        remedy="set either broker.native.name or broker.custom.url",
        code="meshery.operator.broker",
    )
