"""Discovery of kinds: what an API server serves, and what people call it.

Asks for the aggregated document (`apidiscovery.k8s.io/v2`, two requests in all) and falls back to
one request for each group's version, as servers before 1.27 need it.
kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from meshery.core.errors import MesheryError, NotFoundError
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
ACCEPT = f"{_AGGREGATED.format('v2')},{_AGGREGATED.format('v2beta1')},application/json"
AGAIN_S = 5.0
"""How soon kinds are asked for again because one was not known."""


class _Group(msgspec.Struct, frozen=True, rename="camel"):
    """An aggregated group, or a legacy one; `resources` are of the aggregated form."""

    metadata: dict[str, object] = {}
    name: str = ""
    versions: tuple["_Version", ...] = ()
    preferred_version: "_Version | None" = None


class _Served(msgspec.Struct, frozen=True, rename="camel"):
    """A resource of the aggregated form."""

    resource: str
    response_kind: dict[str, str] | None = None
    scope: str = "Namespaced"
    singular_resource: str = ""
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple["_Subresource", ...] = ()


class _Subresource(msgspec.Struct, frozen=True):
    subresource: str = ""


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    version: str = ""
    freshness: str = "Current"
    resources: tuple[_Served, ...] = ()


class _Root(msgspec.Struct, frozen=True):
    """`/api` or `/apis` in either form."""

    kind: str = ""
    items: tuple[_Group, ...] = ()
    groups: tuple[_Group, ...] = ()
    versions: tuple[str, ...] = ()


class _LegacyResource(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    kind: str = ""
    namespaced: bool = False
    singular_name: str = ""
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None


class _LegacyList(msgspec.Struct, frozen=True):
    resources: tuple[_LegacyResource, ...] = ()


class Kinds:
    """What is served. `missing` maps a group's version to why its kinds are not known now."""

    def __init__(
        self, resources: Iterable[Resource], *, missing: Mapping[str, str] | None = None
    ) -> None:
        self.all = tuple(resources)
        self.missing = dict(missing or {})
        self._exact = {(found.api_version, found.kind): found for found in self.all}

    @property
    def preferred(self) -> tuple[Resource, ...]:
        """Each kind once: in the version its group prefers, else the first it is served in."""
        chosen: dict[tuple[str, str], Resource] = {}
        for found in sorted(self.all, key=lambda found: not found.preferred):
            chosen.setdefault((found.group, found.plural), found)
        return tuple(chosen.values())

    def of(self, api_version: str, kind: str) -> Resource:
        """The resource of `apiVersion` and `kind`. NotFoundError when it is not served."""
        found = self._exact.get((api_version, kind))
        if found is None:
            raise _unknown(f"{api_version} {kind}", self.missing)
        return found

    def named(self, word: str) -> Resource:
        """What people call it, as kubectl reads it: kind, plural, singular or short name.

        `deploy`, `Deployment`, `deployments.apps` and `deployments.v1.apps` are the same.
        NotFoundError when nothing is called so.
        """
        plain, _, rest = word.partition(".")
        name = plain.lower()
        candidates = [found for found in self.preferred if name in _names(found)]
        if rest:
            exact = [found for found in self.all if name in _names(found)]
            candidates = [found for found in candidates if found.group == rest] or [
                found for found in exact if rest == f"{found.version}.{found.group}".rstrip(".")
            ]
        if not candidates:
            raise _unknown(word, self.missing)
        return candidates[0]


def _names(found: Resource) -> set[str]:
    return {found.plural, found.singular, found.kind.lower(), *found.short_names}


class KindCache:
    """The kinds of one API server, asked for when needed and again when one is not known."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._kinds: Kinds | None = None
        self._at = 0.0
        self._lock = asyncio.Lock()

    async def kinds(self, *, fresh: bool = False) -> Kinds:
        """All kinds; with `fresh`, asked for again unless that was a moment ago."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._kinds is None or (fresh and now - self._at > AGAIN_S):
                self._kinds = await discover(self._client)
                self._at = now
            return self._kinds

    async def of(self, api_version: str, kind: str) -> Resource:
        """As `Kinds.of`; a kind that came meanwhile is found. NotFoundError otherwise."""
        try:
            return (await self.kinds()).of(api_version, kind)
        except NotFoundError:
            return (await self.kinds(fresh=True)).of(api_version, kind)

    def forget(self) -> None:
        """Something was changed that brings or takes kinds: ask again next time."""
        self._kinds = None


async def discover(client: KubeClient) -> Kinds:
    """Ask what is served. A group that does not answer is in `missing`; the others are told."""
    roots = await asyncio.gather(*(_root(client, path) for path in ("/api", "/apis")))
    resources: list[Resource] = []
    missing: dict[str, str] = {}
    for path, root in zip(("/api", "/apis"), roots, strict=True):
        if root.kind == "APIGroupDiscoveryList":
            for group in root.items:
                resources += _aggregated(group, missing)
        else:
            resources += await _legacy(client, path, root, missing=missing)
    return Kinds(resources, missing=missing)


async def _root(client: KubeClient, path: str) -> _Root:
    answer = await client.get(path, accept=ACCEPT)
    return decoded(answer.body, _Root, asked=f"GET {path}")


def _aggregated(group: _Group, missing: dict[str, str]) -> Iterator[Resource]:
    name = str(group.metadata.get("name", ""))
    for position, version in enumerate(group.versions):
        if version.freshness == "Stale":
            missing[f"{name}/{version.version}"] = "its API server does not answer"
        for served in version.resources:
            # A resource without a kind of its own serves only subresources.
            if served.response_kind and served.response_kind.get("kind"):
                yield Resource(
                    group=name,
                    version=version.version,
                    kind=served.response_kind["kind"],
                    plural=served.resource,
                    namespaced=served.scope == "Namespaced",
                    verbs=served.verbs,
                    singular=served.singular_resource,
                    short_names=served.short_names,
                    categories=served.categories,
                    subresources=tuple(sub.subresource for sub in served.subresources),
                    preferred=position == 0,
                )


async def _legacy(
    client: KubeClient, path: str, root: _Root, *, missing: dict[str, str]
) -> list[Resource]:
    wanted = [("", version, True) for version in root.versions]
    for group in root.groups:
        preferred = group.preferred_version.version if group.preferred_version else ""
        wanted += [
            (group.name, version.version, version.version == preferred)
            for version in group.versions
        ]

    async def one(group: str, version: str, *, preferred: bool) -> Sequence[Resource]:
        at = "/".join(part for part in (path, group, version) if part)
        try:
            answer = await client.get(at)
        except MesheryError as error:
            missing[f"{group}/{version}"] = error.what
            return ()
        listed = decoded(answer.body, _LegacyList, asked=f"GET {at}")
        return _from_legacy(listed.resources, group=group, version=version, preferred=preferred)

    found = await asyncio.gather(
        *(one(group, version, preferred=preferred) for group, version, preferred in wanted)
    )
    return [resource for part in found for resource in part]


def _from_legacy(
    listed: Sequence[_LegacyResource], *, group: str, version: str, preferred: bool
) -> list[Resource]:
    below: dict[str, list[str]] = {}
    for entry in listed:
        name, _, subresource = entry.name.partition("/")
        if subresource:
            below.setdefault(name, []).append(subresource)
    return [
        Resource(
            group=group,
            version=version,
            kind=entry.kind,
            plural=entry.name,
            namespaced=entry.namespaced,
            verbs=entry.verbs,
            singular=entry.singular_name,
            short_names=entry.short_names or (),
            categories=entry.categories or (),
            subresources=tuple(below.get(entry.name, ())),
            preferred=preferred,
        )
        for entry in listed
        if "/" not in entry.name
    ]


def _unknown(asked: str, missing: Mapping[str, str]) -> NotFoundError:
    absent = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return NotFoundError(
        f"the cluster serves no {asked}",
        cause=absent or "no such kind in any of its groups",
        remedy="check the spelling, or install what brings this kind (its CRDs)",
        code="meshery.kube.kind",
    )
