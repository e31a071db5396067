"""An object put back as it was: its content, and who owns which of its fields.

Server-side apply only adds and changes what it names, and what it once took over stays ours. So the
object is replaced whole, and then our name is taken out of its list of managers: whoever owned a
field before may apply it again without a conflict.
kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
"""

from typing import Any

import msgspec

from meshery.apply.difference import differences
from meshery.apply.shape import check_uid
from meshery.apply.target import Change, Object, ref_of
from meshery.connections.stored import stored_form
from meshery.core.errors import ConflictError
from meshery.kube import apply as kube
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource

_TRIES = 10
_NO_OWNERS: tuple[dict[str, Any], ...] = ({},)
"""How an update says that nobody owns any field: an empty list would change nothing."""


async def restored(
    client: KubeClient, resource: Resource, stored: Object, *, manager: str
) -> Change:
    """Put an object back and tell the difference. NotFoundError, ConflictError as the seam says."""
    before, after = await put_back(client, resource, stored, manager=manager)
    found = differences(stored_form(before), stored_form(after))
    return Change(
        ref_of(stored),
        "configured" if found else "unchanged",
        differences=found,
        stored=stored_form(after),
    )


async def put_back(
    client: KubeClient, resource: Resource, former: Object, *, manager: str
) -> tuple[Object, Object]:
    """Replace an object by its former state; how it was found, and how it is now.

    Repeated while others change it. Managers in `former` are put back too; without them those of
    now stay, except `manager`.
    """
    for _ in range(_TRIES - 1):
        try:
            return await _put_back(client, resource, former, manager=manager)
        except ConflictError as error:
            if error.specific_code == "meshery.apply.uid":
                raise
    return await _put_back(client, resource, former, manager=manager)


async def _put_back(
    client: KubeClient, resource: Resource, former: Object, *, manager: str
) -> tuple[Object, Object]:
    ref, metadata = ref_of(former), former["metadata"]
    item = await kube.get(client, resource, ref.name, namespace=ref.namespace)
    live = item.document()
    check_uid(ref, str(metadata.get("uid", "")), live)
    after = await _replace(client, resource, former, like=live, manager=manager)
    owners = metadata.get("managedFields") or [
        entry
        for entry in live["metadata"].get("managedFields") or ()
        if entry.get("manager") != manager
    ]
    owned = {**after, "metadata": {**after["metadata"], "managedFields": owners or _NO_OWNERS}}
    return live, await _replace(client, resource, owned, like=after, manager=manager)


async def _replace(
    client: KubeClient, resource: Resource, document: Object, *, like: Object, manager: str
) -> Object:
    """Replace an object by `document`, provided that it still is in the state `like`."""
    version = like["metadata"]["resourceVersion"]
    body = {**document, "metadata": {**document["metadata"], "resourceVersion": version}}
    ref = ref_of(document)
    path = resource.path(namespace=ref.namespace, name=ref.name)
    answer = await client.request(
        "PUT", path, body=msgspec.json.encode(body), query=[("fieldManager", manager)]
    )
    replaced: Object = decoded(answer.body, dict[str, Any], asked=f"PUT {path}")
    return replaced
