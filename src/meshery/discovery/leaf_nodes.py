"""Verbs about clusters that connect to us: credentials are made, shown once, and revoked.

grant = await LeafService(platform).issue(connection_id, actor="me")
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from meshery.connections.agent import NAMESPACE
from meshery.connections.leaves import SUBJECT as CHANGED
from meshery.connections.leaves import Leaf, Leaves
from meshery.connections.model import Connection
from meshery.connections.service import CATEGORY, ConnectionService
from meshery.core.errors import ConflictError, MesheryError, NotFoundError, UnsupportedError
from meshery.discovery.leaf_way import by_leaf
from meshery.operations.model import Subject
from meshery.operations.platform import Platform
from meshery.operator.leaf import AUTHORITY, SEED
from meshery.operator.names import BROKERS, USUAL_BROKER

SECRET = "meshery-leaf"  # noqa: S105 - its name
UNMADE = "(made when it is not a dry run)"
Document = dict[str, Any]


class LeafState(msgspec.Struct, frozen=True):
    """Whether a cluster may connect to us (since `issued_at`), and whether it is connected.

    `reason` says why it is not.
    """

    issued_at: datetime | None = None
    is_connected: bool = False
    reason: str = ""


class LeafGrant(msgspec.Struct, frozen=True):
    """What is applied in the cluster so that it connects. It holds a secret, told this once."""

    documents: Sequence[Document]
    replaces: bool = False

    def __repr__(self) -> str:
        return f"LeafGrant({len(self.documents)} documents)"


class LeafService:
    """Leaf nodes of all connected clusters."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._connections = ConnectionService(platform)
        self._leaves = Leaves(platform.database)

    async def state(self, connection_id: str) -> LeafState:
        """How it is now."""
        await self._connections.get(connection_id)
        leaf = await self._leaves.get(connection_id)
        if leaf is None:
            return LeafState()
        try:
            async with by_leaf(self._platform, connection_id):
                return LeafState(leaf.created_at, is_connected=True)
        except MesheryError as error:
            return LeafState(leaf.created_at, reason=error.what)

    async def plan(self, connection_id: str, *, namespace: str = "") -> LeafGrant:
        """What `issue` would tell, without a key; nothing is made."""
        shown = await self._checked(connection_id)
        replaces = await self._leaves.get(connection_id) is not None
        return LeafGrant(self._documents(shown, UNMADE, namespace), replaces)

    async def issue(self, connection_id: str, *, actor: str, namespace: str = "") -> LeafGrant:
        """Make credentials; those of before hold no more.

        ConflictError for a cluster that is not known, or that another connection has one of;
        UnsupportedError where nobody listens for leaf nodes.
        """
        shown = await self._checked(connection_id)
        replaces = await self._leaves.get(connection_id) is not None
        seed = await self._leaves.issue(connection_id, cluster_id=shown.cluster_id)
        await self._tell(shown, "may connect as a leaf node", actor)
        return LeafGrant(self._documents(shown, seed, namespace), replaces)

    async def revoke(self, connection_id: str, *, actor: str) -> None:
        """Disconnect it, and let it connect no more. NotFoundError without credentials."""
        shown = await self._connections.get(connection_id)
        if not await self._leaves.revoke(connection_id):
            raise NotFoundError(
                f"{shown.name} has no credentials of a leaf node",
                remedy="nothing is left to revoke",
                code="meshery.leaf.none",
            )
        await self._tell(shown, "may not connect as a leaf node any more", actor)

    async def _checked(self, connection_id: str) -> Connection:
        shown = await self._connections.get(connection_id)
        if not self._platform.settings.leaf.listen:
            raise UnsupportedError(
                "this server does not listen for leaf nodes",
                cause="the setting leaf.listen is empty",
                remedy="set leaf.listen and leaf.url, and start the server again",
                code="meshery.unsupported.leaf",
            )
        if not shown.cluster_id:
            raise ConflictError(
                f"it is not known which cluster {shown.name} is",
                cause=shown.reason,
                remedy=shown.remedy or "ask it: mesheryctl kubernetes ping NAME",
                code="meshery.operator.cluster",
            )
        for other in await self._leaves.all():
            _demand_alone(shown, other)
        return shown

    def _documents(self, shown: Connection, seed: str, namespace: str) -> list[Document]:
        place = namespace or shown.operator or NAMESPACE
        leaf = self._platform.settings.leaf
        secret = {SEED: seed}
        if leaf.ca_file:
            secret[AUTHORITY] = Path(leaf.ca_file).expanduser().read_text()
        scheme = "tls" if leaf.certificate_file else "nats"
        asked = {
            "url": leaf.url or f"{scheme}://{leaf.listen}",
            "secretName": SECRET,
            "domain": shown.cluster_id,
        }
        return [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": SECRET, "namespace": place},
                "stringData": secret,
            },
            {
                "apiVersion": BROKERS.api_version,
                "kind": BROKERS.kind,
                "metadata": {"name": USUAL_BROKER, "namespace": place},
                "spec": {"leafNode": asked},
            },
        ]

    async def _tell(self, shown: Connection, what: str, actor: str) -> None:
        await self._platform.bus.notify(CHANGED, shown.id.encode())
        await self._platform.events.emit(
            category=CATEGORY,
            severity="info",
            subject=Subject("connection", shown.id, shown.name),
            text=f"Cluster {shown.name} {what}",
            actor=actor,
        )


def _demand_alone(shown: Connection, other: Leaf) -> None:
    """A broker connects to one place, by one connection's account."""
    if other.cluster_id == shown.cluster_id and other.connection_id != shown.id:
        raise ConflictError(
            f"the cluster of {shown.name} has a leaf node by another connection",
            cause=f"its id is {other.connection_id}",
            remedy="revoke that one first: mesheryctl kubernetes leaf ID --revoke",
            code="meshery.leaf.there",
        )
