"""Objects that were too large for the bus: fetched from their cluster when one is looked at."""

from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.connections.model import ConnectionState
from meshery.connections.service import ConnectionService
from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.discovery.model import OMITTED
from meshery.discovery.watch.redaction import redact
from meshery.kube.client import KubeClient
from meshery.kube.item import item_of
from meshery.kube.kinds import KindCache
from meshery.operations.platform import Platform

_log = get_logger("discovery.omitted")


def is_omitted(document: Mapping[str, Any]) -> bool:
    """Whether only the metadata of this object is stored."""
    return OMITTED in (document["metadata"].get("annotations") or {})


async def fetched(
    platform: Platform, document: dict[str, Any], *, cluster_id: str
) -> dict[str, Any]:
    """The whole object, redacted, as it is now; what is stored where it cannot be had."""
    service = ConnectionService(platform)
    for connection in await service.all():
        is_there = connection.state is ConnectionState.REACHABLE
        if connection.cluster_id == cluster_id and is_there:
            try:
                async with service.client(connection.id) as client:
                    return await _fetch(client, document)
            except (MesheryError, msgspec.MsgspecError) as error:
                _log.info("discovery.not_fetched", cluster=connection.name, cause=str(error))
    return document


async def _fetch(client: KubeClient, document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    kind = await KindCache(client).of(document["apiVersion"], document["kind"])
    path = kind.path(namespace=metadata.get("namespace", ""), name=metadata["name"])
    found = item_of((await client.get(path)).body)
    # Another object may have taken the name.
    return redact(found) if found.metadata.uid == metadata["uid"] else document
