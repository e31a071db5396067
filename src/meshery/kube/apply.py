"""Server-side apply, its preview, and deletion.

Each field belongs to whoever applied it (a field manager). To apply a field that another manager
set to something else is a conflict, told field by field, unless `force` takes it over.
kubernetes.io/docs/reference/using-api/server-side-apply
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from meshery.core.errors import DeadlineError, NotFoundError
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.fields import FieldChange, field_changes
from meshery.kube.item import Item, item_of_kind
from meshery.kube.resource import Resource

MANAGER = "meshery"
"""Our name as a field manager."""
NAMESPACES = Resource(
    group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False
)
Propagation = Literal["Background", "Foreground", "Orphan"]
POLL_S = (0.05, 1.0)
LOOKS = 20
"""How often a preview is repeated while others change the object; a last one may show theirs."""
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_CREATED = 201
BUSY = "others change it all the time: some of these differences may be theirs"
"""What is noted on a preview whose last look still was disturbed."""


class Applied(msgspec.Struct, frozen=True):
    """What an apply did, or with `dry_run` would do: before, after, and the fields changed.

    `note` says why the fields may be those of others too; empty when they are not.
    """

    action: Literal["created", "configured", "unchanged"]
    before: dict[str, Any] | None
    after: dict[str, Any]
    dry_run: bool = False
    note: str = ""

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """Field by field, without what is the server's own."""
        return field_changes(self.before, self.after)


async def get(client: KubeClient, resource: Resource, name: str, *, namespace: str = "") -> Item:
    """One object. NotFoundError when there is none."""
    path = resource.path(namespace=namespace, name=name)
    answer = await client.get(path)
    return item_of_kind(decoded(answer.body, msgspec.Raw, asked=f"GET {path}"), resource)


async def apply(
    client: KubeClient,
    resource: Resource,
    document: Mapping[str, Any],
    *,
    manager: str = MANAGER,
    force: bool = False,
    dry_run: bool = False,
    before: dict[str, Any] | UnsetType | None = UNSET,
) -> Applied:
    """Create the object or change what `document` says of it; the rest is left to its owners.

    `before` is the object where the caller has just read it, None when there was none.

    With `dry_run` the server does everything but store it: defaults, admission, validation.
    FieldConflictError names fields of other managers; InvalidInputError the fields that are wrong,
    unknown ones included; ConflictError when `metadata.resourceVersion` is given and not current.
    """
    metadata = document.get("metadata") or {}
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace") or "")
    path = resource.path(namespace=namespace, name=name)
    query = [("fieldManager", manager), ("force", str(force).lower())]
    query += [("fieldValidation", "Strict"), *([("dryRun", "All")] if dry_run else [])]
    body = msgspec.json.encode(_sendable(document))
    looks = LOOKS if dry_run else 1
    while True:
        if before is UNSET:
            before = await _present(client, resource, name, namespace)
        answer = await client.patch(path, body, content_type=_APPLY, query=query)
        after = decoded(answer.body, dict[str, Any], asked=f"PATCH {path}")
        looks -= 1
        if not looks or before is None or _version(before) == _version(after):
            # The server's word, not the look before: others may have made the object in between,
            # and what is "created" here is deleted when an apply is taken back.
            if answer.status == _CREATED:
                return Applied("created", None, after, dry_run)
            action = _action(before, after, dry_run=dry_run)
            return Applied(action, before, after, dry_run, _note(before, after, dry_run=dry_run))
        # A controller wrote in between: its changes are not what the document would do.
        before = UNSET


def _version(document: Mapping[str, Any]) -> str:
    version: str = document["metadata"]["resourceVersion"]
    return version


def _sendable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without `managedFields`, which an apply must not carry."""
    metadata = {
        name: value
        for name, value in (document.get("metadata") or {}).items()
        if name != "managedFields"
    }
    return {**document, "metadata": metadata}


def _action(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], *, dry_run: bool
) -> Literal["configured", "unchanged"]:
    if before is None:
        return "configured"
    if dry_run:
        # A dry run leaves the resource version as it is, whatever it would change.
        return "configured" if field_changes(before, after) else "unchanged"
    return "unchanged" if _version(before) == _version(after) else "configured"


def _note(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, dry_run: bool) -> str:
    is_disturbed = dry_run and before is not None and _version(before) != _version(after)
    return BUSY if is_disturbed else ""


async def _present(
    client: KubeClient, resource: Resource, name: str, namespace: str
) -> dict[str, Any] | None:
    try:
        return (await get(client, resource, name, namespace=namespace)).document()
    except NotFoundError:
        return None


async def create_namespace(
    client: KubeClient, name: str, *, labels: Mapping[str, str] | None = None
) -> Applied:
    """Have a namespace with these labels; one that exists keeps its other labels."""
    metadata = {"name": name, "labels": dict(labels or {})}
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return await apply(client, NAMESPACES, document)


async def delete(
    client: KubeClient,
    resource: Resource,
    name: str,
    *,
    namespace: str = "",
    propagation: Propagation = "Background",
    uid: str = "",
    dry_run: bool = False,
    wait_s: float = 0.0,
) -> Item:
    """Delete an object and return its last state; with `wait_s`, return when it is gone.

    `uid` deletes only that very object. NotFoundError when there is none, ConflictError when it
    has another uid, DeadlineError when it stays longer than `wait_s`, with what holds it.
    """
    held = await get(client, resource, name, namespace=namespace)
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
        "preconditions": {"uid": uid or held.metadata.uid},
    }
    if dry_run:
        options["dryRun"] = ["All"]
    path = resource.path(namespace=namespace, name=name)
    await client.delete(path, body=msgspec.json.encode(options))
    if wait_s and not dry_run:
        await _until_gone(client, resource, held, wait_s=wait_s)
    return held


async def _until_gone(client: KubeClient, resource: Resource, held: Item, *, wait_s: float) -> None:
    metadata = held.metadata
    pause_s, most_s = POLL_S
    latest = held
    try:
        async with asyncio.timeout(wait_s):
            while latest.metadata.uid == metadata.uid:
                latest = await get(client, resource, metadata.name, namespace=metadata.namespace)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 1.5, most_s)
    except NotFoundError:
        return
    except TimeoutError as error:
        holders = ", ".join(latest.metadata.finalizers)
        raise DeadlineError(
            f"{held.kind} {metadata.name} is still there after {wait_s:g} s",
            cause=f"its finalizers wait: {holders}" if holders else "its end takes longer",
            remedy="see that the controllers of these finalizers run, or allow more time",
            code="meshery.kube.deletion",
        ) from error
