"""What is rendered is what the meshes' kinds allow: a real API server says so, storing nothing.

The objects of every behaviour, alone and all together, are applied by a server-side dry run with
strict field validation, judged by definitions from another hand than the renderers'.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from fixtures.kube import KubeNamespace
from kube.conftest import client_of
from meshery.adapters.draft import key_of
from meshery.behaviours.model import Kind
from meshery.behaviours.rendering import Service
from meshery.core.errors import MesheryError, NotFoundError
from meshery.kube.client import KubeClient
from meshery.kube.kinds import Kinds, discover
from meshery.kube.resource import Resource
from meshes.definitions import Definition, definitions, serve
from meshes.matrix import cells
from meshes.registered import generations, is_of_generation, registered
from meshes.samples import SERVICES, behaviours, full_world

Document = dict[str, Any]

_AT_ONCE = 16
_APPLY = "application/apply-patch+yaml"
_QUERY = [("dryRun", "All"), ("fieldManager", "matrix"), ("force", "true")]


@pytest.mark.parametrize(("name", "version"), generations())
async def test_every_rendered_object_is_taken(
    court: KubeNamespace, name: str, version: str
) -> None:
    objects = _rendered(name, version)
    known = definitions(name, version)
    async with client_of(court.plane) as client:
        core = await discover(client)
        await serve(client, [known[where] for where in _kinds(objects) if where in known])
        await court.create(*(document for each in SERVICES for document in _live(each)))
        judge = _Judge(client, core, known, court.name)
        refusals = await judge.refusals(objects)
    assert not refusals, _listed(refusals)


class _Judge:
    """Applies objects of one mesh without storing them, and tells what was refused."""

    def __init__(
        self,
        client: KubeClient,
        core: Kinds,
        known: Mapping[tuple[str, str], Definition],
        namespace: str,
    ) -> None:
        self._client = client
        self._core = core
        self._known = known
        self._namespace = namespace
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def refusals(self, objects: Mapping[str, str]) -> list[str]:
        """A line for each object that is refused, with whence it came."""
        told = await asyncio.gather(*(self._refusal(json.loads(each)) for each in objects))
        pairs = zip(objects.values(), told, strict=True)
        return [f"{origin}: {said}" for origin, said in pairs if said]

    async def _refusal(self, made: Document) -> str:
        api_version, kind, namespace, name = key_of(made)
        try:
            resource = self._resource(api_version, kind)
        except NotFoundError:
            return f"there is no {api_version} {kind}"
        if resource.namespaced != bool(namespace):
            return f"{kind} {name} is {'not ' * (not resource.namespaced)}namespaced"
        if namespace:
            made["metadata"]["namespace"] = self._namespace
        path = resource.path(namespace=self._namespace if namespace else "", name=name)
        query = [*_QUERY, ("fieldValidation", "Strict")]
        try:
            async with self._turn:
                body = json.dumps(made).encode()
                await self._client.patch(path, body, content_type=_APPLY, query=query)
        except MesheryError as error:
            return f"{kind} {name}: {error.what} {error.cause}"
        return ""

    def _resource(self, api_version: str, kind: str) -> Resource:
        definition = self._known.get((api_version, kind))
        if definition is None:
            return self._core.of(api_version, kind)
        return next(each for each in definition.resources if each.api_version == api_version)


def _rendered(name: str, version: str) -> dict[str, str]:
    """Each different object of a generation, as JSON, and the first cell that it came from."""
    mesh = registered()[name]
    found: dict[str, str] = {}
    for at, world, behaviour in cells(mesh):
        if is_of_generation(mesh, at, version):
            for made in mesh.render([behaviour], world).objects:
                found.setdefault(_canonical(made), f"{name} {at} {behaviour.name}")
    given = [behaviour for kind in Kind for behaviour in behaviours(kind)]
    for made in mesh.render(given, full_world(version)).objects:
        found.setdefault(_canonical(made), f"{name} {version} all together")
    return found


def _kinds(objects: Mapping[str, str]) -> set[tuple[str, str]]:
    return {key_of(json.loads(each))[:2] for each in objects}


def _canonical(made: Document) -> str:
    return json.dumps(made, sort_keys=True)


def _live(service: Service) -> Iterator[Document]:
    """What stands already of a service: some meshes only write annotations on it."""
    labels = dict(service.labels)
    ports = [{"port": each.number, "name": each.name} for each in service.ports]
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name},
        "spec": {"selector": labels, "ports": ports},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [_CONTAINER]}}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service.name},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }


_CONTAINER = {"name": "main", "image": "example.invalid/web:1"}


def _listed(refusals: Sequence[str]) -> str:
    shown = "\n".join(refusals[:60])
    return f"{len(refusals)} objects are refused:\n{shown}"
