"""Lists in pages: all objects of a kind at one resource version, however many there are.

A continue token lives as long as the server remembers its version (5 minutes by default). When it
is gone the list starts again from the beginning, and says so: what was gathered before is void.
kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from collections.abc import AsyncGenerator

import msgspec

from meshery.core.errors import UnavailableError
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.errors import ExpiredError
from meshery.kube.item import Item, item_of_kind
from meshery.kube.resource import Resource

PAGE = 500
"""Objects in a page, as kubectl and client-go ask for."""
METADATA_ACCEPT = "application/json;as={};g=meta.k8s.io;v=v1"
RESTARTS = 3
"""After so many, the list is asked for in one piece: it cannot expire midway."""


class Selection(msgspec.Struct, frozen=True):
    """Which objects of a kind: one namespace or all, and selectors in the API's own grammar.

    `is_metadata_only` asks for `PartialObjectMetadata`: spec, status and data stay at the server.
    """

    namespace: str = ""
    labels: str = ""
    fields: str = ""
    is_metadata_only: bool = False

    @property
    def query(self) -> list[tuple[str, str]]:
        """As query parameters; the namespace is in the path."""
        given = (("labelSelector", self.labels), ("fieldSelector", self.fields))
        return [(name, value) for name, value in given if value]

    @property
    def list_accept(self) -> str:
        """What a list is asked to be."""
        return METADATA_ACCEPT.format("PartialObjectMetadataList") if self.is_metadata_only else ""

    @property
    def watch_accept(self) -> str:
        """What the objects of a watch are asked to be."""
        return METADATA_ACCEPT.format("PartialObjectMetadata") if self.is_metadata_only else ""


EVERYTHING = Selection()


class Page(msgspec.Struct, frozen=True):
    """Some objects; `is_first` begins a list, and voids what came before it.

    `resource_version` is that of the whole list; `is_last` ends it.
    """

    items: tuple[Item, ...]
    resource_version: str
    is_first: bool
    is_last: bool


class _ListMeta(msgspec.Struct, frozen=True):
    resourceVersion: str = ""  # noqa: N815 - the API's own spelling
    continues: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMeta
    items: tuple[msgspec.Raw, ...] | None = None


async def pages(
    client: KubeClient,
    resource: Resource,
    *,
    selection: Selection = EVERYTHING,
    page: int = PAGE,
) -> AsyncGenerator[Page]:
    """The list, page by page. Raises what `KubeClient.request` does, never ExpiredError."""
    token = ""
    restarts = 0
    while True:
        size = page if restarts < RESTARTS else 0
        try:
            listed = await _one(client, resource, selection, size=size, token=token)
        except ExpiredError:
            if not token:
                raise
            token, restarts = "", restarts + 1
            continue
        found = listed.metadata
        items = _items(listed, resource)
        yield Page(items, found.resourceVersion, not token, not found.continues)
        token = found.continues
        if not token:
            return


async def list_all(
    client: KubeClient,
    resource: Resource,
    *,
    selection: Selection = EVERYTHING,
    page: int = PAGE,
) -> tuple[list[Item], str]:
    """Every object, and the resource version of the list: where a watch goes on from."""
    items: list[Item] = []
    version = ""
    async for part in pages(client, resource, selection=selection, page=page):
        if part.is_first:
            items = []
        items += part.items
        version = part.resource_version
    return items, version


async def _one(
    client: KubeClient, resource: Resource, selection: Selection, *, size: int, token: str
) -> _List:
    path = resource.path(namespace=selection.namespace)
    query = selection.query
    if size:
        query.append(("limit", str(size)))
    if token:
        query.append(("continue", token))
    answer = await client.get(path, query=query, accept=selection.list_accept)
    return decoded(answer.body, _List, asked=f"GET {path}")


def _items(listed: _List, resource: Resource) -> tuple[Item, ...]:
    try:
        return tuple(item_of_kind(raw, resource) for raw in listed.items or ())
    except msgspec.MsgspecError as error:
        raise UnavailableError(
            f"a list of {resource} holds what is no object",
            cause=str(error),
            remedy="check the API server behind this kind",
            code="meshery.kube.answer",
        ) from error
