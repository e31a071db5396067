"""GraphQL of what is in the clusters. Thin: service and feed do the work."""

from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from meshery.core.page import Page, PageQuery
from meshery.discovery.change import ALL_CHANGES, ChangeFilter, ObjectChange, ObjectChanges
from meshery.discovery.feed import change_feed
from meshery.discovery.filter import ResourceFilter
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import (
    Change,
    ClusterView,
    KindView,
    Related,
    ResourceRow,
    ResourceView,
    WatchState,
)
from meshery.operations.platform import Platform
from meshery.operations.request import platform_of
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, connection, done, followed, many, maybe
from meshery.web.graphql.lists import FIRST, Direction, Slice, slice_of, slice_query, sliced
from meshery.web.graphql.nouns import join, noun, words
from meshery.web.graphql.scalars import After

words(WatchState, name="WatchState")
noun(KindView, name="WatchedKind")
noun(Related, name="RelatedResource")
noun(Change, name="ResourceState")
ClusterNoun = noun(ClusterView, name="Cluster")
ResourceNoun = noun(ResourceRow, name="Resource")
ChangeNoun = noun(ObjectChange, name="ResourceChange", without={"raw"})


@strawberry.enum(description="What clusters are ordered by.")
class ClusterField(StrEnum):
    """What clusters are ordered by."""

    CLUSTER = "cluster"
    STATE = "state"
    VERSION = "version"
    OBJECTS = "objects"


@strawberry.enum(description="What resources are ordered by.")
class ResourceField(StrEnum):
    """What resources are ordered by."""

    NAME = "name"
    KIND = "kind"
    NAMESPACE = "namespace"
    CREATED_AT = "created_at"
    SEEN_AT = "seen_at"
    CLUSTER_ID = "cluster_id"


@strawberry.input(description="The order of clusters.")
class ClusterOrder:
    """The order of clusters."""

    field: ClusterField = ClusterField.CLUSTER
    direction: Direction = Direction.ASCENDING


@strawberry.input(description="The order of resources.")
class ResourceOrder:
    """The order of resources."""

    field: ResourceField = ResourceField.NAME
    direction: Direction = Direction.ASCENDING


@strawberry.input(description="Which resources; what is left out lets all pass.")
class ResourcesOnly:
    """Which resources. Labels are `key=value`, or `key` alone; `group` may be the empty one."""

    cluster_id: str = ""
    kind: str = ""
    group: str | None = None
    namespace: str = ""
    labels: list[str] = strawberry.field(default_factory=list)

    def filter(self) -> ResourceFilter:
        """The same for the service."""
        return ResourceFilter(
            cluster_id=self.cluster_id,
            kind=self.kind,
            group=self.group,
            namespace=self.namespace,
            labels=tuple(self.labels),
        )


@strawberry.input(description="Which changes; what is left out lets all pass.")
class ChangesOnly:
    """Which changes."""

    cluster_id: str = ""
    kind: str = ""
    namespace: str = ""


def document_of(root: ObjectChange) -> Any:
    """What its author wrote."""
    return root.document()


join(
    ObjectChange,
    document_of,
    kind=maybe(JSON),
    name="document",
    description="What its author wrote; null where it was not told when the object vanished.",
)


@strawberry.type
class DiscoveryQuery:
    """What may be asked."""

    @asked(
        connection(ClusterNoun),
        "Connected clusters, and how the watch of each stands.",
    )
    async def clusters(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: ClusterOrder | None = None,
        search: str = "",
    ) -> Slice[ClusterView]:
        """By name."""
        query = slice_query(first, after, order=order_by or ClusterOrder(), search=search)
        said = query.search.lower()
        found = [each for each in await _service(info).status() if said in each.cluster.lower()]
        return sliced(found, query, key=_cluster_key)

    @asked(connection(ResourceNoun), "Objects of all clusters, as last seen.")
    async def resources(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: ResourceOrder | None = None,
        search: str = "",
        only: ResourcesOnly | None = None,
    ) -> Slice[ResourceRow]:
        """By name."""
        query = slice_query(first, after, order=order_by or ResourceOrder(), search=search)
        return await _resources(info, query, (only or ResourcesOnly()).filter())

    @asked(
        noun(ResourceView, name="ResourceDocument"),
        "One object whole, with relations and history.",
    )
    async def resource(self, info: Info, id: strawberry.ID) -> ResourceView:  # noqa: A002
        """Values of Secrets and ConfigMaps are redacted."""
        return await _service(info).resource(id)

    @asked(connection(ResourceNoun), "Namespaces of all clusters.")
    async def namespaces(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        search: str = "",
        cluster_id: str = "",
    ) -> Slice[ResourceRow]:
        """By name."""
        query = slice_query(first, after, order=ResourceOrder(), search=search)
        only = ResourceFilter(cluster_id=cluster_id, kind="Namespace", group="")
        return await _resources(info, query, only)

    @asked(
        noun(ObjectChanges, name="ResourceChanges"),
        "Changes after a place, the oldest first; without one none, and where to "
        "begin: give `next` to the subscription, and nothing is missed.",
    )
    async def discovery_changes(
        self, info: Info, *, after: After = None, only: ChangesOnly | None = None
    ) -> ObjectChanges:
        """At most 500."""
        return await change_feed(_platform(info)).changes(after=after, only=_filter(only))


@strawberry.type
class DiscoveryMutation:
    """What may be done."""

    @done(
        many(str),
        "Read everything in these clusters again, all by default; which were asked. "
        "`syncedAt` of their kinds tells when it is done.",
    )
    async def resync_discovery(
        self, info: Info, *, cluster_ids: list[str] | None = None
    ) -> Sequence[str]:
        """Clusters by their ids."""
        return await _service(info).resync(cluster_ids or ())


@strawberry.type
class DiscoverySubscription:
    """What may be followed."""

    @followed(ChangeNoun, "Objects as they come, change and go.")
    async def discovery_changes(
        self, info: Info, *, after: After = None, only: ChangesOnly | None = None
    ) -> AsyncGenerator[ObjectChange]:
        """From the one after `after`, at whichever server."""
        feed = change_feed(_platform(info))
        async with feed.subscribe(after=after, only=_filter(only)) as changes:
            async for change in changes:
                yield change


DOOR = Door(DiscoveryQuery, DiscoveryMutation, DiscoverySubscription)


def _platform(info: Info) -> Platform:
    return platform_of(connection_of(info))


def _service(info: Info) -> DiscoveryService:
    return DiscoveryService(_platform(info))


def _filter(only: ChangesOnly | None) -> ChangeFilter:
    if only is None:
        return ALL_CHANGES
    return ChangeFilter(cluster_id=only.cluster_id, kind=only.kind, namespace=only.namespace)


def _cluster_key(each: ClusterView, field: str) -> tuple[Any, ...]:
    return getattr(each, field), each.cluster, each.cluster_id


async def _resources(info: Info, query: PageQuery, only: ResourceFilter) -> Slice[ResourceRow]:
    service = _service(info)

    async def listed(part: PageQuery) -> Page[ResourceRow]:
        return await service.resources(part, only=only)

    return await slice_of(listed, query)
