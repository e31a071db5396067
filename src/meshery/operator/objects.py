"""The operator's own objects: read, held by a finalizer, and told how they are."""

from contextlib import suppress

import msgspec

from meshery.core.errors import NotFoundError
from meshery.kube.apply import get
from meshery.kube.client import KubeClient
from meshery.kube.item import Item
from meshery.operator.model import Served
from meshery.operator.names import Key

_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


async def read(client: KubeClient, key: Key) -> Item | None:
    """The object as it is now; None when there is none."""
    try:
        return await get(client, key.resource, key.name, namespace=key.namespace)
    except NotFoundError:
        return None


async def hold(client: KubeClient, item: Item, key: Key, finalizer: str) -> None:
    """Have the finalizer on it; ConflictError when it changed meanwhile."""
    await _set_finalizers(client, item, key, [*item.metadata.finalizers, finalizer])


async def let_go(client: KubeClient, item: Item, key: Key, finalizer: str) -> None:
    """Take the finalizer off it; what is gone needs it no more. ConflictError as `hold`."""
    rest = [each for each in item.metadata.finalizers if each != finalizer]
    with suppress(NotFoundError):
        await _set_finalizers(client, item, key, rest)


async def _set_finalizers(client: KubeClient, item: Item, key: Key, finalizers: list[str]) -> None:
    metadata = {"finalizers": finalizers, "resourceVersion": item.metadata.resource_version}
    path = key.resource.path(namespace=key.namespace, name=key.name)
    body = msgspec.json.encode({"metadata": metadata})
    await client.patch(path, body, content_type=_MERGE)


async def tell(
    client: KubeClient, served: Served, status: dict[str, object], *, manager: str
) -> None:
    """Write the status where it differs from what stands there; gone objects need none."""
    if status == served.status:
        return
    key = served.key
    document = {
        "apiVersion": key.resource.api_version,
        "kind": key.resource.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "status": status,
    }
    path = key.resource.path(namespace=key.namespace, name=key.name, subresource="status")
    query = [("fieldManager", manager), ("force", "true")]
    with suppress(NotFoundError):
        await client.patch(path, msgspec.json.encode(document), content_type=_APPLY, query=query)
