"""Brokers: NATS servers with a token, several as one cluster; ready when they say so."""

import base64
import secrets
from typing import Any

from meshery.core.endpoints import host_port
from meshery.kube.client import KubeClient
from meshery.kube.readiness import readiness
from meshery.operator.broker_parts import BrokerParts
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
from meshery.operator.endpoints import external_endpoint
from meshery.operator.images import Images, versioned
from meshery.operator.keeper import Keeper, Kept
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
        spec: BrokerSpec = found.spec
        parts = BrokerParts(found, image=versioned(self._images.broker, spec.version))
        await children.put(await self._secret(parts, found, children))
        await children.put(parts.config())
        services = await self._services(parts, children)
        address = services[parts.name]["spec"]["clusterIP"]
        replicas = [
            services[parts.replica(number)]["spec"]["clusterIP"] for number in range(spec.size)
        ] if parts.is_cluster else []  # fmt: skip
        servers = await children.put(parts.stateful_set(replicas))
        await self._budget(parts, children)
        await children.prune(SERVICES, _instance(found), services)
        outside = services.get(f"{parts.name}-external")
        external, missing = await external_endpoint(self.client, spec.service, outside)
        outcome = await _health(servers, replicas or [address])
        if outcome.is_ready and missing:
            outcome = Outcome("EndpointFailed", missing)
        endpoint = {"internal": host_port(address, CLIENT_PORT)}
        return Kept(outcome, {"endpoint": endpoint | ({"external": external} if external else {})})

    async def clean_up(self, found: Served, children: Children) -> None:
        """The servers first, so that nothing is left which needs the rest."""
        parts = BrokerParts(found, image="")
        await children.take_away(STATEFUL_SETS, parts.name, propagation="Foreground")
        for resource in (BUDGETS, SERVICES, CONFIG_MAPS, SECRETS):
            await children.prune(resource, _instance(found), ())

    async def _secret(self, parts: BrokerParts, found: Served, children: Children) -> Document:
        """The Secret as it is, or a new one: what clients hold goes on being right."""
        before = await children.find(SECRETS, auth_of(found.metadata.name)) or {}
        held = before.get("data") or {}
        return parts.secret(held.get("token") or _new("t"), held.get("routes") or _new("r"))

    async def _services(self, parts: BrokerParts, children: Children) -> dict[str, Document]:
        put = [await children.put(document) for document in parts.services()]
        return {document["metadata"]["name"]: document for document in put}

    async def _budget(self, parts: BrokerParts, children: Children) -> None:
        wanted = parts.disruption_budget()
        if wanted is None:
            await children.take_away(BUDGETS, parts.name)
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


def _instance(found: Served) -> str:
    return f"app.kubernetes.io/instance={found.metadata.name}"


def _new(letter: str) -> str:
    """A secret. NATS takes a text that begins with a digit for a number."""
    return base64.b64encode(f"{letter}{secrets.token_hex(32)}".encode()).decode()
