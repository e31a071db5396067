"""Changes of one kind as the Target seam tells them, straight from the API server's watch."""

from collections.abc import AsyncGenerator
from typing import Literal

import msgspec

from meshery.apply.target import Object, WatchEvent
from meshery.connections.stored import stored_form
from meshery.core.errors import UnavailableError
from meshery.kube.client import KubeClient
from meshery.kube.errors import Status, refusal
from meshery.kube.item import item_of_kind
from meshery.kube.listing import list_all
from meshery.kube.resource import Resource

_WHAT: dict[str, Literal["added", "modified", "deleted"]] = {
    "ADDED": "added",
    "MODIFIED": "modified",
    "DELETED": "deleted",
}
_SILENCE_S = 150.0


class _Line(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


async def events_of(
    client: KubeClient, resource: Resource, *, after: str = ""
) -> AsyncGenerator[WatchEvent]:
    """Without `after`, what exists first. The server ends each watch in time; it goes on then.

    ExpiredError when the server forgot what came after; UnavailableError when it is away.
    """
    version = after
    if not after:
        items, version = await list_all(client, resource)
        for item in items:
            yield WatchEvent("added", stored_form(item.document()), version)
    while True:
        query = [("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version)]
        async with client.lines(resource.path(), query=query, idle_s=_SILENCE_S) as lines:
            async for line in lines:
                what, found = _read(line, resource)
                version = found["metadata"]["resourceVersion"]
                if what in _WHAT:
                    yield WatchEvent(_WHAT[what], found, version)


def _read(line: bytes, resource: Resource) -> tuple[str, Object]:
    try:
        found = msgspec.json.decode(line, type=_Line)
        if found.type == "ERROR":
            status = msgspec.json.decode(found.object, type=Status)
            raise refusal(status.code or 500, status, asked=f"watch {resource}")
        item = item_of_kind(found.object, resource)
    except msgspec.MsgspecError as error:
        raise UnavailableError(
            f"the watch of {resource} broke off", cause=str(error), code="meshery.kube.answer"
        ) from error
    return found.type, stored_form(item.document())
