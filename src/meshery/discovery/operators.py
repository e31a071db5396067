"""Verbs about our operator in connected clusters: deploy, remove, and how it is.

state = await OperatorService(platform).state(connection_id)
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from meshery.apply.target import Change, Object, Ref
from meshery.connections import agent
from meshery.connections.model import Connection
from meshery.connections.service import ConnectionService
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import ConflictError, InvalidInputError, MesheryError, NotFoundError
from meshery.discovery.ingest.feeds import Feed, Feeds, Way
from meshery.discovery.rollout import Rollout
from meshery.kube.readiness import readiness
from meshery.operations.model import Operation
from meshery.operations.platform import Platform
from meshery.operator.names import BROKERS, MESHSYNCS, OPERATOR

LAGGING_S = 2.0
"""Messages may wait so long before it is called a lag."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

State = Literal["absent", "deploying", "deployed", "connected", "lagging", "unreachable"]


class PartState(msgspec.Struct, frozen=True):
    """One of operator, broker and watcher; `reason` is what is missing."""

    is_there: bool = False
    is_ready: bool = False
    reason: str = ""
    image: str = ""
    address: str = ""


class OperatorState(msgspec.Struct, frozen=True):
    """How our operator is in a cluster.

    `absent`: not there; `deploying`: something is not ready; `deployed`: all is ready, and its
    messages are not read yet; `connected`: they are; `lagging`: `behind` messages wait, for
    `lag_s` seconds; `unreachable`: the cluster or its broker does not answer. `way` is how its
    messages come: by `port-forward`, from an `address`, or by its `leaf` node, which needs no
    answer of the cluster.
    """

    state: State
    namespace: str = ""
    reason: str = ""
    operator: PartState = PartState()
    broker: PartState = PartState()
    meshsync: PartState = PartState()
    behind: int = 0
    lag_s: float = 0.0
    way: str = ""


class OperatorService:
    """Our operator in all connected clusters."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._connections = ConnectionService(platform)

    async def deploy(
        self,
        connection_id: str,
        *,
        actor: str,
        namespace: str = "",
        idempotency_key: str = "",
    ) -> Operation:
        """Put it into a cluster, as an operation. NotFoundError without that connection."""
        shown = await self._connections.get(connection_id)
        place = _namespace(shown, namespace)
        await Rollout(self._platform, shown, place).check()
        return await agent.deploy(
            self._platform, shown, actor=actor, namespace=place, idempotency_key=idempotency_key
        )

    async def plan(self, connection_id: str, *, namespace: str = "") -> Sequence[Change]:
        """What deploying would change in the cluster; nothing is changed."""
        shown = await self._connections.get(connection_id)
        return await Rollout(self._platform, shown, _namespace(shown, namespace)).plan()

    async def remove(
        self, connection_id: str, *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Take it out of a cluster, as an operation. ConflictError where we put none."""
        shown = await self._connections.get(connection_id)
        return await agent.remove(
            self._platform, shown, actor=actor, idempotency_key=idempotency_key
        )

    async def state(self, connection_id: str) -> OperatorState:
        """How it is now, as the cluster itself says."""
        shown = await self._connections.get(connection_id)
        feed = await Feeds(self._platform.database).get(shown.cluster_id)
        way: Way = feed.broker.way if feed else ""
        place = shown.operator or (feed.broker.namespace if feed and way == "leaf" else "")
        if not place:
            return OperatorState("absent")
        try:
            async with self._connections.target(connection_id) as target:
                parts = await _parts(target, place)
        except MesheryError as error:
            if feed and way == "leaf":
                return _judged(OperatorState("deployed", place, way=way), feed)
            return OperatorState("unreachable", place, error.what, way=way)
        operator, broker, meshsync = parts
        found = OperatorState(
            "deploying", place, operator=operator, broker=broker, meshsync=meshsync, way=way
        )
        waiting = [part.reason for part in parts if not part.is_ready]
        return (
            msgspec.structs.replace(found, reason=waiting[0]) if waiting else _judged(found, feed)
        )


def _judged(found: OperatorState, feed: Feed | None) -> OperatorState:
    """How its messages are read, where all of it is ready."""
    if feed is None or feed.state == "connecting":
        return msgspec.structs.replace(found, state="deployed")
    if feed.state == "unreachable":
        return msgspec.structs.replace(found, state="unreachable", reason=feed.error)
    state: State = "lagging" if feed.lag_s > LAGGING_S else "connected"
    return msgspec.structs.replace(found, state=state, behind=feed.behind, lag_s=feed.lag_s)


async def _parts(target: KubernetesTarget, namespace: str) -> Sequence[PartState]:
    """Operator, broker and watcher, in this order."""
    deployment = await _found(target, Ref("apps/v1", "Deployment", OPERATOR, namespace))
    parts = [_part(deployment, OPERATOR, image=_image(deployment))]
    for name, resource, path in (
        ("broker", BROKERS, ("endpoint", "internal")),
        ("meshsync", MESHSYNCS, ("publishing-to",)),
    ):
        ref = Ref(resource.api_version, resource.kind, f"meshery-{name}", namespace)
        document = await _found(target, ref)
        value: Any = (document or {}).get("status") or {}
        for step in path:
            value = value.get(step) or {}
        parts.append(_part(document, ref.name, address=value or ""))
    return parts


async def _found(target: KubernetesTarget, ref: Ref) -> Object | None:
    try:
        return await target.get(ref)
    except NotFoundError:
        return None


def _part(document: Object | None, name: str, *, image: str = "", address: str = "") -> PartState:
    if document is None:
        return PartState(reason=f"{name} is not there")
    found = readiness(document)
    reason = f"{name} {found.reason}" if found.reason else ""
    return PartState(True, found.is_ready, reason, image, address)


def _image(deployment: Object | None) -> str:
    if deployment is None:
        return ""
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _namespace(shown: Connection, wanted: str) -> str:
    """Where it goes: where it is already, else as asked for, else the usual place."""
    place = wanted or shown.operator or agent.NAMESPACE
    if shown.operator and place != shown.operator:
        raise ConflictError(
            f"the operator is in the namespace {shown.operator} already",
            remedy="remove it first",
            code="meshery.operator.there",
        )
    if not _NAME.fullmatch(place):
        raise InvalidInputError(f"{place!r:.80} is no name of a namespace")
    return place
