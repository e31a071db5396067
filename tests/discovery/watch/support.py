"""What a consumer of the stream makes of it, and what the API server says it should be."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fixtures.kube import kubectl
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.bus import Bus
from meshery.core.settings import Settings
from meshery.core.streams import DISCOVERY_STREAM, SUBJECT_DISCOVERY
from meshery.discovery.model import KindStatus, Report, Seen, Synced, decode
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.publisher import Publisher
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane

CLUSTER = "6f1ed002-ab59-11f0-8de9-0242ac120002"

COMPARED = (
    *("namespaces", "configmaps", "secrets", "services", "serviceaccounts", "pods"),
    *("deployments.apps", "replicasets.apps", "daemonsets.apps", "endpointslices", "nodes"),
    *("networkpolicies.networking.k8s.io", "apiservices", "ingresses.networking.k8s.io"),
    *("mutatingwebhookconfigurations", "persistentvolumeclaims", "storageclasses"),
    *("jobs.batch", "cronjobs.batch", "statefulsets.apps"),
)


@dataclass
class Reader:
    """Objects by UID, built from messages alone, and all deletions that were told."""

    held: dict[str, Seen] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    kinds: dict[str, KindStatus] = field(default_factory=dict)
    synced: list[Synced] = field(default_factory=list)
    position: int = 0

    async def read(self, bus: Bus, *, after: int = 0) -> None:
        subject = f"{SUBJECT_DISCOVERY}.>"
        async for message in bus.follow(DISCOVERY_STREAM, subject=subject, after=after):
            self.position = message.sequence
            self.raw += message.data
            self.take(decode(message.data))

    def take(self, told: Seen | Synced | Report) -> None:
        if isinstance(told, Report):
            self.kinds = {status.resource: status for status in told.kinds}
        elif isinstance(told, Synced):
            self.synced.append(told)
            self._settle(told)
        else:
            self.seen.append(told)
            if told.event == "DELETED":
                self.held.pop(told.key.uid, None)
                self.deleted.add(told.key.name)
            else:
                self.held[told.key.uid] = told

    def _settle(self, told: Synced) -> None:
        for uid, seen in list(self.held.items()):
            is_of_it = (seen.key.api_version, seen.key.kind) == (told.api_version, told.kind)
            is_spoken_of = uid > told.above and (not told.upto or uid <= told.upto)
            if is_of_it and is_spoken_of and uid not in told.uids:
                del self.held[uid]

    def versions(self) -> dict[str, str]:
        return {uid: seen.resource_version for uid, seen in self.held.items()}

    def document(self, kind: str, name: str) -> dict[str, Any]:
        found = [
            seen for seen in self.held.values() if (seen.key.kind, seen.key.name) == (kind, name)
        ]
        document: dict[str, Any] = msgspec.json.decode(found[-1].document)
        return document

    def has(self, kind: str, name: str) -> bool:
        return any((s.key.kind, s.key.name) == (kind, name) for s in self.held.values())


@asynccontextmanager
async def bus_of(server: NatsServer) -> AsyncIterator[Bus]:
    bus = await Bus.connect(Settings(), url=server.url, token=server.token)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def running(*works: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@dataclass
class Watching:
    """A watch, what it is made of, and a reader of the stream."""

    watch: ClusterWatch
    publisher: Publisher
    reader: Reader
    bus: Bus


@asynccontextmanager
async def watching(client: KubeClient, server: NatsServer) -> AsyncIterator[Watching]:
    """A cluster's watch on a bus, settled; another connection reads the stream."""
    async with bus_of(server) as bus, bus_of(server) as other:
        publisher = Publisher(bus)
        watch = ClusterWatch(client, CLUSTER, publisher)
        reader = Reader()
        try:
            async with running(watch.run(), reader.read(other)):
                await until(_true(lambda: is_settled(watch)), timeout_s=40, what="the first lists")
                yield Watching(watch, publisher, reader, bus)
        finally:
            await publisher.close()


def is_settled(watch: ClusterWatch) -> bool:
    """Whether every kind was listed whole, or said why it cannot be."""
    kinds = watch.status()
    return bool(kinds) and all(kind.state != "listing" for kind in kinds)


def _true(condition: Any) -> Any:
    async def asked() -> bool:
        return bool(condition())

    return asked


async def eventually(condition: Any, *, timeout_s: float = 20.0, what: str = "it") -> None:
    await until(_true(condition), timeout_s=timeout_s, what=what)


async def listed(plane: ControlPlane, kinds: Iterable[str] = COMPARED) -> list[dict[str, Any]]:
    """What the API server has, as kubectl tells it."""
    text = await kubectl(plane, "get", ",".join(kinds), "-A", "-o", "json")
    items: list[dict[str, Any]] = json.loads(text)["items"]
    return items


def forms(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """By UID what may be told of each object: another author's words for the same rules."""
    return {item["metadata"]["uid"]: _form(item) for item in items}


def _form(item: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    notes = {
        name: text
        for name, text in (metadata.pop("annotations", None) or {}).items()
        if not name.endswith("/last-applied-configuration")
    }
    if notes:
        metadata["annotations"] = notes
    found = {**item, "metadata": metadata}
    if item["kind"] == "Secret" and item.get("type") != "kubernetes.io/tls":
        return {name: found[name] for name in ("apiVersion", "kind", "metadata")}
    if item["kind"] in {"Secret", "ConfigMap"}:
        for part in ("data", "binaryData"):
            if part in found:
                found[part] = dict.fromkeys(found[part], "[REDACTED]")
    return found


async def differences(plane: ControlPlane, reader: Reader) -> list[str]:
    """Where the reader's objects are not the API server's."""
    items = [item for item in await listed(plane) if _is_plain(item["metadata"].get("namespace"))]
    expected = forms(items)
    kinds = {(form["apiVersion"], form["kind"]) for form in expected.values()}
    got = {
        uid: msgspec.json.decode(seen.document)
        for uid, seen in reader.held.items()
        if (seen.key.api_version, seen.key.kind) in kinds and _is_plain(seen.key.namespace)
    }
    wrong = [
        f"{form['kind']} {form['metadata'].get('namespace', '')}/{form['metadata']['name']}"
        for uid, form in expected.items()
        if _as_listed(got.get(uid)) != form
    ]
    return wrong + [f"gone: {uid}" for uid in got.keys() - expected.keys()]


def _is_plain(namespace: str | None) -> bool:
    """Whether no mesh is in it: of a mesh's own ConfigMaps some values are told."""
    return not namespace or namespace.startswith(("test-", "kube-", "default"))


_ADDED = {"Secret": "certificates", "Namespace": "marked_at"}
"""What the watch makes of a field that it does not pass on."""


def _as_listed(document: dict[str, Any] | None) -> dict[str, Any] | None:
    if document is None:
        return document
    added = _ADDED.get(document["kind"])
    return {name: value for name, value in document.items() if name != added}


async def until_equal(plane: ControlPlane, reader: Reader, *, timeout_s: float = 40.0) -> None:
    wrong: list[str] = []
    try:
        async with asyncio.timeout(timeout_s):
            while wrong := await differences(plane, reader):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(wrong[:10]) from None
