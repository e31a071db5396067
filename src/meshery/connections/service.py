"""Verbs of connections; what other rooms call.

    service = ConnectionService(platform)
    async with service.client(connection_id) as client: ...

A kubeconfig is an upload unless said otherwise: it may neither run programs nor name files, but
for programs of the setting `kubernetes.exec_commands`. Logins are sealed before they are stored,
and leave this room only inside a client.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from meshery.connections import agent
from meshery.connections.contexts import context_access, parsed, preview_of, refused
from meshery.connections.model import (
    SEVERITIES,
    Connection,
    ConnectionState,
    Finding,
    Outcome,
    Preview,
)
from meshery.connections.reach import look
from meshery.connections.store import Store
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import ConflictError, InvalidInputError, UnavailableError
from meshery.core.keys import SecretError
from meshery.core.page import Page, PageQuery
from meshery.kube.access import Access, in_cluster
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import Trust
from meshery.kube.limiter import Limits
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform

Outcomes = list[Outcome]

CATEGORY = "connections"
AT_ONCE = 16
"""Clusters that are asked at the same time."""
CONNECT_S = 20.0
"""How long connecting may take in all; what was not asked by then is asked in the background."""

_NOT_YET = Finding(ConnectionState.UNKNOWN, reason="it was not asked yet")
_BY_NAME = PageQuery(order="name")


class ConnectionService:
    """All connections of this installation."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._store = Store(platform.database, platform.keys)

    @property
    def trust(self) -> Trust:
        """What an uploaded kubeconfig may do here."""
        allowed = self._platform.settings.kubernetes
        return Trust(
            programs=False,
            files=False,
            commands=frozenset(allowed.exec_commands),
            issuers=frozenset(allowed.oidc_issuers),
        )

    async def connect(
        self,
        text: bytes | str,
        *,
        actor: str,
        contexts: Sequence[str] = (),
        trust: Trust | None = None,
    ) -> Outcomes:
        """Connect the contexts of a kubeconfig, all unless some are named; one outcome for each.

        A cluster that does not answer is kept, so that it is there once it does. A context of a
        cluster that is connected already under that name renews its login. InvalidInputError when
        the text as a whole cannot be read.
        """
        config = await parsed(text)
        names = list(dict.fromkeys(contexts or config.contexts))
        accesses = [context_access(config, name, trust or self.trust) for name in names]
        return await self._connect_all(accesses, actor)

    async def connect_own_pod(self, *, actor: str) -> Outcomes:
        """Connect the cluster this process is a pod of. UnavailableError when it is none."""
        return await self._connect_all([in_cluster(os.environ)], actor)

    async def preview(self, text: bytes | str) -> Sequence[Preview]:
        """What `connect` would take and what it would refuse; nothing is sent or stored."""
        config = await parsed(text)
        found = [(name, context_access(config, name, self.trust)) for name in config.contexts]
        return [preview_of(name, each, current=name == config.current) for name, each in found]

    async def list(self, query: PageQuery = _BY_NAME) -> Page[Connection]:
        """One page of connections."""
        return await self._store.list(query)

    async def all(self) -> Sequence[Connection]:
        """Every connection, by name."""
        return await self._store.all()

    async def get(self, connection_id: str) -> Connection:
        """One connection. NotFoundError when there is none."""
        return await self._store.get(connection_id)

    async def ping(self, connection_id: str) -> Connection:
        """Ask the cluster now. NotFoundError when there is no such connection."""
        try:
            held = await self._store.held(connection_id)
        except SecretError as error:
            before = await self._store.get(connection_id)
            finding = Finding(ConnectionState.UNKNOWN, reason=error.what, remedy=error.remedy)
            return await self._noted(before, finding, None)
        before = held.connection
        try:
            finding = await look(held.access, expected=before.cluster_id)
        except InvalidInputError as error:
            finding = Finding(ConnectionState.UNREACHABLE, reason=error.what, remedy=error.remedy)
        after = await self._noted(before, finding, held.revision)
        await self._store.reseal(connection_id)
        return after

    async def set_operator(self, connection_id: str, namespace: str) -> None:
        """Write down where our operator is in that cluster; empty: nowhere."""
        await self._store.set_operator(connection_id, namespace)

    async def deploy_operator(self, connection_id: str, *, actor: str) -> Operation:
        """Put our operator into that cluster, as an operation."""
        shown = await self._store.get(connection_id)
        return await agent.deploy(self._platform, shown, actor=actor)

    async def remove_operator(self, connection_id: str, *, actor: str) -> Operation:
        """Take our operator out of that cluster, as an operation."""
        shown = await self._store.get(connection_id)
        return await agent.remove(self._platform, shown, actor=actor)

    async def leave(self, connection_id: str, *, actor: str) -> Operation | None:
        """Disconnect; where our operator is in the cluster, an operation removes it before.

        None when it is disconnected, else the operation. NotFoundError without that connection.
        """
        shown = await self._store.get(connection_id)
        if not shown.operator:
            await self.disconnect(connection_id, actor=actor)
            return None
        return await agent.remove(self._platform, shown, actor=actor, disconnect=True)

    async def disconnect(
        self, connection_id: str, *, actor: str, leave_operator: bool = False
    ) -> Connection:
        """Forget a connection and its login; the cluster itself is not touched.

        ConflictError while our operator is in the cluster, unless it is to stay there.
        """
        shown = await self._store.get(connection_id)
        if shown.operator and not leave_operator:
            raise ConflictError(
                f"the operator is in {shown.name} still",
                cause=f"it was deployed to the namespace {shown.operator}",
                remedy="remove it first (`mesheryctl kubernetes disconnect` does both), or say "
                "that it is to stay there",
                code="meshery.connection.operator",
            )
        gone = await self._store.delete(connection_id)
        await self._platform.events.emit(
            category=CATEGORY,
            severity="info",
            subject=_subject(gone),
            text=f"Cluster {gone.name} was disconnected",
            actor=actor,
        )
        return gone

    @asynccontextmanager
    async def client(
        self, connection_id: str, *, limits: Limits | None = None
    ) -> AsyncIterator[KubeClient]:
        """A client of the cluster. NotFoundError, or SecretError when its login cannot be read."""
        held = await self._store.held(connection_id)
        async with KubeClient(held.access, limits=limits) as client:
            yield client

    @asynccontextmanager
    async def target(self, connection_id: str) -> AsyncIterator[KubernetesTarget]:
        """The cluster as a place where objects are applied."""
        shown = await self._store.get(connection_id)
        async with self.client(connection_id) as client:
            yield KubernetesTarget(client, name=shown.name)

    async def _connect_all(self, accesses: Sequence[Access | Outcome], actor: str) -> Outcomes:
        free = asyncio.Semaphore(AT_ONCE)
        deadline = asyncio.get_running_loop().time() + CONNECT_S
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._connect(each, actor, free=free, deadline=deadline))
                for each in accesses
            ]
        return [task.result() for task in tasks]

    async def _connect(
        self,
        access: Access | Outcome,
        actor: str,
        *,
        free: asyncio.Semaphore,
        deadline: float,
    ) -> Outcome:
        if isinstance(access, Outcome):
            return access
        try:
            async with asyncio.timeout_at(deadline), free:
                finding = await look(access)
        except TimeoutError:
            finding = _NOT_YET
        except InvalidInputError as error:
            return refused(access.name, error)
        kept, was_there = await self._store.save(access, finding)
        outcome = Outcome(
            context=access.name,
            outcome="connected" if kept.state is ConnectionState.REACHABLE else "unreachable",
            connection=kept,
            updated=was_there,
        )
        await self._platform.events.emit(
            category=CATEGORY,
            severity=SEVERITIES[kept.state],
            subject=_subject(kept),
            text=f"Cluster {kept.name}: {outcome.words}",
            actor=actor,
        )
        return outcome

    async def _noted(
        self, before: Connection, finding: Finding, revision: int | None
    ) -> Connection:
        after = await self._store.note(before, finding, revision=revision)
        if after is None:  # disconnected, or connected anew: what that found is newer
            return await self._store.get(before.id)
        if after.state is not before.state:
            await self._tell(after)
        return after

    async def _tell(self, changed: Connection) -> None:
        text = f"Cluster {changed.name} is {changed.state}"
        reachable = changed.state is ConnectionState.REACHABLE
        await self._platform.events.emit(
            category=CATEGORY,
            severity=SEVERITIES[changed.state],
            subject=_subject(changed),
            text=f"{text}: {changed.reason}" if changed.reason else text,
            error=None
            if reachable
            else UnavailableError(text, cause=changed.reason, remedy=changed.remedy),
        )


def _subject(shown: Connection) -> Subject:
    return Subject("connection", shown.id, shown.name)
