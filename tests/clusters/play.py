"""Scripts on a control plane: the real controllers make the pods, and kwok runs them.

script = load("main")
await play(plane, script)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clusters.controllers import with_uids
from clusters.script import Script, steps
from clusters.template import Document
from fixtures.kube import kubectl
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane

_SHARED = "kube-system"


async def play(plane: ControlPlane, script: Script) -> None:
    """Have the script on a control plane, which makes the pods; they may not run yet.

    AssertionError with kubectl's complaint when anything is refused, an unknown field included.
    """
    uids: dict[tuple[str, str, str], str] = {}
    for step in steps(script):
        for document in await _apply(plane, _completed(step.documents, uids)):
            metadata = document["metadata"]
            key = (document["kind"], metadata.get("namespace", ""), metadata["name"])
            uids[key] = metadata["uid"]
        if step.name == "definitions":
            await until(lambda: _serves(plane, script), timeout_s=30, what="every definition")


async def clear(plane: ControlPlane, script: Script) -> None:
    """Take the script off a control plane that others go on using.

    Its namespaces go in the background, with what is in them.
    """
    inside = script.namespaces - {_SHARED}
    everything = [each for step in reversed(steps(script)) for each in step.documents]
    mine = [
        each
        for each in everything
        if each["metadata"].get("namespace") not in inside and each["metadata"]["name"] != _SHARED
    ]
    words = ("--ignore-not-found", "--wait=false", "--grace-period=0", "-f", "-")
    await kubectl(plane, "delete", *words, stdin=_listed(_unique(mine)))


async def _serves(plane: ControlPlane, script: Script) -> bool:
    """Whether objects of all kinds that the script defines may be made."""
    async with plane.client() as client:
        answer = await client.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    served = {each["metadata"]["name"] for each in answer.json()["items"] if _is_served(each)}
    return {each["metadata"]["name"] for each in script.definitions} <= served


def _is_served(definition: Mapping[str, Any]) -> bool:
    conditions = definition["status"].get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


async def _apply(plane: ControlPlane, batch: Iterable[Document]) -> list[Document]:
    text = _listed(batch)
    if not text:
        return []
    words = ("apply", "--server-side", "--force-conflicts", "-o", "json", "-f", "-")
    answer = json.loads(await kubectl(plane, *words, stdin=text))
    found: list[Document] = answer["items"] if answer["kind"] == "List" else [answer]
    return found


def _listed(batch: Iterable[Document]) -> str:
    return "\n---\n".join(json.dumps(each) for each in batch)


def _unique(batch: Iterable[Document]) -> Iterator[Document]:
    seen: set[tuple[Any, ...]] = set()
    for each in batch:
        metadata = each["metadata"]
        key = (each["kind"], metadata.get("namespace"), metadata["name"])
        if key not in seen:
            seen.add(key)
            yield each


def _completed(
    batch: Iterable[Document], uids: Mapping[tuple[str, str, str], str]
) -> Iterator[Document]:
    """The documents with the UIDs of owners that stand already."""
    for each in batch:
        metadata = each["metadata"]
        if "ownerReferences" not in metadata:
            yield each
            continue
        references = with_uids(
            metadata["ownerReferences"],
            metadata.get("namespace", ""),
            lambda kind, namespace, name: uids[kind, namespace, name],
        )
        yield {**each, "metadata": {**metadata, "ownerReferences": references}}
