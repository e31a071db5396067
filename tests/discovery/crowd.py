"""Clusters for pages to show, with as many objects as asked for, and nobody to watch them.

A small server on loopback answers for the cluster's API, and the lease of its watch is taken, so
that what is written here stays as it is.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import msgspec
from sqlalchemy import update

from connections.kubeconfigs import text_of
from discovery.clusters import redacted
from fixtures.loopback import answering
from fixtures.server import RunningServer
from meshery.core import leases
from meshery.core.database import Database, later
from meshery.core.settings import Settings
from meshery.discovery.ingest.batch import Batch
from meshery.discovery.ingest.report import store_report
from meshery.discovery.ingest.tables import kube_cluster
from meshery.discovery.model import ChangeKind, KindStatus, ObjectKey, Report, Seen
from meshery.discovery.service import lease_of
from meshery.kube.access import Access, Credentials

NAME = "prod-eu"
CLUSTER = str(uuid5(NAMESPACE_DNS, NAME))
_KINDS = (("v1", "Pod"), ("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment"))
_APPS = ("checkout", "catalogue", "payments", "search", "recommendations", "shipping-and-returns")
_BATCH = 1000


API_ANSWERS = {
    "/version": '{"gitVersion": "v1.35.1"}',
    "/api/v1/namespaces/kube-system": msgspec.json.encode(
        {"metadata": {"name": "kube-system", "uid": CLUSTER}}
    ).decode(),
}
"""What the cluster's API says of itself."""


@contextmanager
def connected(server: RunningServer, *, objects: int, script: str = "") -> Iterator[None]:
    """A cluster connected to a server and filled; it answers until the end of the block."""
    with answering() as api:
        for path, body in API_ANSWERS.items():
            api.says(path, 200, body)
        access = Access(name=NAME, server=api.url, credentials=Credentials(token="t"))
        file = server.home / "kubeconfig"
        file.write_text(text_of(access))
        asyncio.run(_in_home(server.home, _take_watch))
        done = server.mesheryctl("kubernetes", "connect", "--kubeconfig", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        # Not before: what is stored of a cluster that is not connected is forgotten.
        asyncio.run(_in_home(server.home, partial(fill, objects=objects, script=script)))
        yield


async def _in_home(home: Path, work: Callable[[Database], Awaitable[None]]) -> None:
    database = await Database.open(Settings(home=str(home)))
    try:
        await work(database)
    finally:
        await database.close()


async def _take_watch(database: Database) -> None:
    held = await leases.acquire(database, lease_of(CLUSTER), owner="elsewhere:1", ttl_s=3600)
    assert held is not None


async def fill(database: Database, *, objects: int, script: str = "") -> None:
    """Write a script's objects and others beside them; some of these change, a few go again."""
    documents = [*(redacted(script) if script else ()), *map(_document, range(objects))]
    for some in _chunks(documents):
        await _store(database, [_seen(each) for each in some])
    await _store(database, [_seen(_changed(n)) for n in range(min(objects // 3, 40))])
    gone = [_document(n) for n in range(objects - min(objects // 5, 20), objects)]
    await _store(database, [_seen(each, "DELETED", step=1) for each in gone])
    await report(database, documents)


async def change(database: Database, *numbers: int, version: int) -> None:
    """Some of the objects change again."""
    await _store(database, [_seen(_document(number, version=version)) for number in numbers])


async def _store(database: Database, seen: list[Seen]) -> None:
    async with database.write() as connection:
        batch = Batch(connection)
        await batch.load(seen)
        for each in seen:
            batch.apply(each)
        await batch.write()


async def report(database: Database, documents: list[dict[str, Any]]) -> None:
    """All kinds as watched; told an hour ahead, so that it does not grow stale meanwhile."""
    at = datetime.now(UTC).isoformat()
    kinds: dict[tuple[str, str], int] = {}
    for each in documents:
        key = (each["apiVersion"], each["kind"])
        kinds[key] = kinds.get(key, 0) + 1
    rows = tuple(
        KindStatus(f"{kind.lower()}s.{version}", version, kind, "watching", count, 0.1, "", at)
        for (version, kind), count in kinds.items()
    )
    async with database.write() as connection:
        await store_report(connection, Report(CLUSTER, "e1", at, "v1.35.1", rows))
        await connection.execute(update(kube_cluster).values(reported_at=later(3600)))


def _seen(document: dict[str, Any], event: ChangeKind = "ADDED", *, step: int = 0) -> Seen:
    metadata = document["metadata"]
    key = ObjectKey(
        document["apiVersion"],
        document["kind"],
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
    )
    version = str(int(metadata["resourceVersion"]) + step)
    return Seen(CLUSTER, "e1", event, key, version, msgspec.Raw(msgspec.json.encode(document)))


def _document(number: int, *, version: int = 0) -> dict[str, Any]:
    api_version, kind = _KINDS[number % len(_KINDS)]
    app = _APPS[number % len(_APPS)]
    namespace = f"team-{number % 40:02d}"
    name = f"{app}-{kind.lower()}-{number:05d}"
    labels = {"app": app, "tier": ("web", "data")[number % 2], "example.com/release": "2026-11"}
    made = datetime.now(UTC) - timedelta(minutes=3 * number + 7)
    document: dict[str, Any] = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": str(uuid5(NAMESPACE_DNS, f"{kind}/{number}")),
            "resourceVersion": str(100_000 + 2 * number + version),
            "creationTimestamp": f"{made:%Y-%m-%dT%H:%M:%SZ}",
            "labels": labels,
        },
    }
    if kind == "Pod":
        container = {"name": "main", "image": f"example.com/{app}:1.{version}"}
        document["spec"] = {"containers": [container], "serviceAccountName": app}
    elif kind == "Service":
        document["spec"] = {"selector": {"app": app}, "ports": [{"port": 80 + version}]}
    elif kind == "Deployment":
        document["spec"] = {
            "replicas": 1 + version,
            "selector": {"matchLabels": {"app": app}},
            "template": {"spec": {"containers": [{"name": "main", "image": f"{app}:1"}]}},
        }
    else:
        document["data"] = {"settings": "[REDACTED]", f"key-{version}": "[REDACTED]"}
    return document


def _changed(number: int) -> dict[str, Any]:
    return _document(number, version=1)


def _chunks(documents: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], ...]]:
    found = iter(documents)
    while some := tuple(itertools.islice(found, _BATCH)):
        yield some
