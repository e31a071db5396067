"""The definitions that objects of a mesh are judged by, and having them on a control plane.

`crds/*.yaml` are written by hand from the vendors' references, by nobody who writes renderers.
"""

import asyncio
import copy
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import yaml

from fixtures.waiting import until
from meshery.core.errors import NotFoundError
from meshery.kube.apply import apply, delete, get
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource

Document = dict[str, Any]

CRDS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)
_DIGEST = "meshery.test/digest"
_FOLDER = Path(__file__).parent / "crds"
_SHARED = ("gateway-api",)
_AS = {"citrix": ("istio",), "linkerd": ("linkerd", "smi")}
"""Meshes whose kinds are those of others, too."""


class Definition(msgspec.Struct, frozen=True):
    """One CustomResourceDefinition, and the resources that it brings."""

    name: str
    document: Document
    resources: tuple[Resource, ...]


def definitions(mesh: str, version: str) -> dict[tuple[str, str], Definition]:
    """What a version of a mesh serves, by apiVersion and kind."""
    found: dict[tuple[str, str], Definition] = {}
    for name in (*_files(mesh, version), *_SHARED):
        for definition in _read(name):
            for resource in definition.resources:
                found.setdefault((resource.api_version, resource.kind), definition)
    return found


def every_file() -> list[str]:
    """The names of all files of definitions."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def definitions_of_file(name: str) -> tuple[Definition, ...]:
    """The definitions of one file."""
    return _read(name)


async def serve(client: KubeClient, wanted: Iterable[Definition]) -> None:
    """Have these definitions established, and none of their names that is another's."""
    chosen = list({each.name: each for each in wanted}.values())
    await asyncio.gather(*(_have(client, each) for each in chosen))
    await asyncio.gather(*(_established(client, each.name) for each in chosen))


async def _have(client: KubeClient, wanted: Definition) -> None:
    """Two versions of a mesh define a kind differently: the other's goes first."""
    document = copy.deepcopy(wanted.document)
    digest = _digest(wanted.document)
    document["metadata"].setdefault("annotations", {})[_DIGEST] = digest
    with suppress(NotFoundError):
        found = (await get(client, CRDS, wanted.name)).document()
        if found["metadata"]["annotations"][_DIGEST] != digest:
            await _forget(client, wanted.name)
    await apply(client, CRDS, document)


async def _forget(client: KubeClient, name: str) -> None:
    """At once: the API server's own way looks for objects of the kind, of which there are none."""
    await delete(client, CRDS, name)
    body = b'{"metadata": {"finalizers": null}}'
    with suppress(NotFoundError):
        await client.patch(CRDS.path(name=name), body, content_type="application/merge-patch+json")

    async def is_gone() -> bool:
        try:
            await get(client, CRDS, name)
        except NotFoundError:
            return True
        return False

    await until(is_gone, timeout_s=60, what=f"the end of {name}")


def _digest(document: Document) -> str:
    return sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def _files(mesh: str, version: str) -> tuple[str, ...]:
    if mesh == "kuma":
        return (f"kuma-{2 if version.startswith('2.') else 3}",)
    named = _AS.get(mesh, (mesh,))
    return tuple(name for name in named if (_FOLDER / f"{name}.yaml").exists())


@cache
def _read(name: str) -> tuple[Definition, ...]:
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    documents = yaml.load(text, Loader=yaml.CSafeLoader)["items"]
    return tuple(
        Definition(document["metadata"]["name"], document, tuple(_resources(document["spec"])))
        for document in documents
    )


def _resources(spec: Mapping[str, Any]) -> Iterable[Resource]:
    names = spec["names"]
    for version in spec["versions"]:
        yield Resource(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec["scope"] == "Namespaced",
        )


async def _established(client: KubeClient, name: str) -> None:
    async def holds() -> bool:
        status = (await get(client, CRDS, name)).document().get("status") or {}
        conditions = {each["type"]: each for each in status.get("conditions") or ()}
        faulty = conditions.get("NonStructuralSchema", {})
        assert faulty.get("status") != "True", f"{name}: {faulty.get('message')}"
        return bool(conditions.get("Established", {}).get("status") == "True")

    # Many at once on a machine that has much else to do.
    await until(holds, timeout_s=60, what=f"establishing {name}")
