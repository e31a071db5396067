"""Brokers: NATS servers with a token, several as one cluster; ready when they say so."""

import base64
import secrets
from typing import Any

from meshery.core.endpoints import host_port
from meshery.kube.client import KubeClient
from meshery.kube.readiness import readiness
from meshery.operator.broker_frame import BrokerFrame
from meshery.operator.broker_parts import BrokerParts
from meshery.operator.broker_services import services
from meshery.operator.broker_storage import fitting
from meshery.operator.broker_tls import secured, standing, unsecured
from meshery.operator.children import (
    BUDGETS,
    CONFIG_MAPS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    Children,
    Document,
)
from meshery.operator.conditions import READY, Outcome
from meshery.operator.endpoints import external_endpoint, outside_names
from meshery.operator.images import Images, versioned
from meshery.operator.keeper import Keeper, Kept
from meshery.operator.leaf import leaf_parts, told
from meshery.operator.model import CLIENT_PORT, BrokerSpec, Served
from meshery.operator.monitor import Monitor
from meshery.operator.names import BROKER_FINALIZER, BROKER_MANAGER, auth_of


class BrokerKeeper(Keeper):
    """Keeps Brokers."""

    kind = BrokerSpec
    finalizer = BROKER_FINALIZER
    manager = BROKER_MANAGER

    def __init__(self, client: KubeClient, images: Images) -> None:
        super().__init__(client)
        self._images = images

    async def carry_out(self, found: Served, children: Children) -> Kept:
        """Have the servers, and ask each of them whether it is well."""
        frame = BrokerFrame(found)
        leaf = await leaf_parts(frame.spec.leaf_node, children)
        put = await _services(frame, children)
        outside = put.get(f"{frame.name}-external")
        address = put[frame.name]["spec"]["clusterIP"]
        replicas = [put[name]["spec"]["clusterIP"] for name in frame.replicas]
        status = {"endpoint": {"internal": host_port(address, CLIENT_PORT)}}
        names = outside_names(frame.spec.service, outside)
        before = await children.find(STATEFUL_SETS, frame.name)
        tls, refused_tls = standing(frame, before)
        storage, refused_storage = fitting(frame.spec.storage, before)
        frame = frame.with_tls(tls)
        trusted = await secured(frame, children, [address, *replicas, *names])
        if isinstance(trusted, Outcome):
            return Kept(trusted, status)
        image = versioned(self._images.broker, frame.spec.version)
        parts = BrokerParts(frame, image=image, secured=trusted, storage=storage, leaf=leaf)
        await _put_secret(frame, parts, children)
        await children.put(parts.config())
        servers = await children.put(parts.stateful_set(replicas, standing=before))
        await _budget(frame, parts, children)
        await unsecured(frame, children)
        await children.prune(SERVICES, _instance(found), put)
        external, missing = await external_endpoint(self.client, frame.spec.service, outside)
        if external:
            status["endpoint"]["external"] = external
        outcome = await _health(servers, replicas or [address])
        if outcome.is_ready and missing:
            outcome = Outcome("EndpointFailed", missing)
        if refused_tls or refused_storage:
            outcome = Outcome("ReconciliationFailed", refused_tls or refused_storage)
        leafs = told(frame.spec.leaf_node, await _leaves(frame.spec, replicas or [address]))
        return Kept(outcome, {**status, **leafs})

    async def clean_up(self, found: Served, children: Children) -> None:
        """The servers first, so that nothing is left which needs the rest."""
        frame = BrokerFrame(found)
        await children.take_away(STATEFUL_SETS, frame.name, propagation="Foreground")
        for resource in (BUDGETS, SERVICES, CONFIG_MAPS, SECRETS):
            await children.prune(resource, _instance(found), ())


async def _put_secret(frame: BrokerFrame, parts: BrokerParts, children: Children) -> None:
    """The Secret as it is, or a new one: what clients hold goes on being right."""
    before = await children.find(SECRETS, auth_of(frame.broker)) or {}
    held = before.get("data") or {}
    await children.put(
        parts.secret(held.get("token") or _new("t"), held.get("routes") or _new("r"))
    )


async def _services(frame: BrokerFrame, children: Children) -> dict[str, Document]:
    put = [await children.put(document) for document in services(frame)]
    return {document["metadata"]["name"]: document for document in put}


async def _budget(frame: BrokerFrame, parts: BrokerParts, children: Children) -> None:
    wanted = parts.disruption_budget()
    if wanted is None:
        await children.take_away(BUDGETS, frame.name)
    else:
        await children.put(wanted)


async def _health(servers: Document, addresses: list[Any]) -> Outcome:
    """Not ready before the servers themselves say so, whatever their pods look like."""
    found = readiness(servers)
    if not found.is_ready:
        return Outcome("HealthCheckFailed", f"the servers are not ready: {found.reason}")
    async with Monitor(addresses) as monitor:
        fault = await monitor.fault()
    return Outcome("HealthCheckFailed", fault) if fault else READY


async def _leaves(spec: BrokerSpec, addresses: list[Any]) -> int:
    """How many of the servers are connected outward."""
    if spec.leaf_node is None:
        return 0
    async with Monitor(addresses) as monitor:
        return await monitor.leaves()


def _instance(found: Served) -> str:
    return f"app.kubernetes.io/instance={found.metadata.name}"


def _new(letter: str) -> str:
    """A secret. NATS takes a text that begins with a digit for a number."""
    return base64.b64encode(f"{letter}{secrets.token_hex(32)}".encode()).decode()
