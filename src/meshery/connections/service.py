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
from urllib.parse import urlsplit

from meshery.connections.model import (
    SEVERITIES,
    Connection,
    ConnectionState,
    Finding,
    Outcome,
    Preview,
)
from meshery.connections.reach import login_of, look
from meshery.connections.store import Store
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import InvalidInputError, MesheryError, UnavailableError
from meshery.core.keys import SecretError
from meshery.core.page import Page, PageQuery
from meshery.core.yamlfile import MAX_BYTES
from meshery.kube.access import Access, in_cluster
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import Kubeconfig, Trust, parse_kubeconfig
from meshery.kube.limiter import Limits
from meshery.operations.model import Subject
from meshery.operations.platform import Platform

Outcomes = list[Outcome]

CATEGORY = "connections"
MAX_NAME = 253
MAX_SERVER = 2048
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
        allowed = self._platform.settings.kubernetes.exec_commands
        return Trust(programs=False, files=False, commands=frozenset(allowed))

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
        config = await _parsed(text)
        names = list(dict.fromkeys(contexts or config.contexts))
        accesses = [_access(config, name, trust or self.trust) for name in names]
        return await self._connect_all(accesses, actor)

    async def connect_own_pod(self, *, actor: str) -> Outcomes:
        """Connect the cluster this process is a pod of. UnavailableError when it is none."""
        return await self._connect_all([in_cluster(os.environ)], actor)

    async def preview(self, text: bytes | str) -> Sequence[Preview]:
        """What `connect` would take and what it would refuse; nothing is sent or stored."""
        config = await _parsed(text)
        found = [(name, _access(config, name, self.trust)) for name in config.contexts]
        return [_preview(name, each, current=name == config.current) for name, each in found]

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

    async def disconnect(self, connection_id: str, *, actor: str) -> Connection:
        """Forget a connection and its login; the cluster itself is not touched."""
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
            return _refused(access.name, error)
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


async def _parsed(text: bytes | str) -> Kubeconfig:
    """Read apart from the loop: a megabyte takes its time. InvalidInputError with every fault."""
    if len(text) > MAX_BYTES:
        raise InvalidInputError(
            f"the kubeconfig is larger than {MAX_BYTES} bytes",
            remedy="send the contexts you need: `kubectl config view --raw --flatten --minify`",
            code="meshery.kubeconfig.size",
        )
    return await asyncio.to_thread(parse_kubeconfig, text)


def _access(config: Kubeconfig, name: str, trust: Trust) -> Access | Outcome:
    """A context on its own, or why it cannot be used."""
    try:
        found = config.access(name, trust=trust)
    except MesheryError as error:
        return _refused(name, error)
    if len(name) > MAX_NAME or len(found.server) > MAX_SERVER:
        too_long = InvalidInputError(
            f"the name or the address of the context {name[:60]!r} is too long",
            cause=f"a name has at most {MAX_NAME} characters, an address {MAX_SERVER}",
            remedy="rename it: kubectl config rename-context",
            code="meshery.kubeconfig",
        )
        return _refused(name[:MAX_NAME], too_long)
    if "@" in urlsplit(found.server).netloc:
        open_login = InvalidInputError(
            f"the address of the context {name!r} holds a name or a password",
            cause="addresses are shown and logged, logins never are",
            remedy="write them as username and password of the user",
            code="meshery.kubeconfig",
        )
        return _refused(name, open_login)
    return found


def _refused(name: str, error: MesheryError) -> Outcome:
    return Outcome(context=name, outcome="refused", error=error.as_dict())


def _preview(name: str, found: Access | Outcome, *, current: bool) -> Preview:
    if isinstance(found, Outcome):
        return Preview(context=name, current=current, error=found.error)
    return Preview(
        context=name,
        server=found.server,
        namespace=found.namespace,
        login=login_of(found),
        current=current,
    )


def _subject(shown: Connection) -> Subject:
    return Subject("connection", shown.id, shown.name)
