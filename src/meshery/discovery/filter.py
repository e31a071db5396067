"""`ResourceFilter`: which stored objects, as conditions of a query."""

import msgspec
from sqlalchemy import ColumnElement, exists, or_, select

from meshery.core.errors import InvalidInputError
from meshery.discovery.ingest.tables import kube_label, kube_object


class ResourceFilter(msgspec.Struct, frozen=True):
    """Which objects; empty fields let all pass. `labels` are `key=value`, or `key` alone."""

    cluster_id: str = ""
    kind: str = ""
    group: str | None = None
    namespace: str = ""
    labels: tuple[str, ...] = ()
    search: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """For rows of `kube_object`. InvalidInputError for a label without a key."""
        table = kube_object.c
        found: list[ColumnElement[bool]] = []
        if self.cluster_id:
            found.append(table.cluster_id == self.cluster_id)
        if self.kind:
            found.append(table.kind == self.kind)
        if self.group is not None:
            found.append(table.api_group == self.group)
        if self.namespace:
            found.append(table.namespace == self.namespace)
        if self.search:
            found.append(
                or_(
                    table.name.icontains(self.search, autoescape=True),
                    table.namespace.icontains(self.search, autoescape=True),
                )
            )
        return [*found, *(_has_label(text) for text in self.labels)]


def _has_label(text: str) -> ColumnElement[bool]:
    key, is_exact, value = text.partition("=")
    if not key:
        raise InvalidInputError(
            f"{text!r:.80} is no label",
            remedy="write key=value, or key alone for any value",
            code="meshery.label",
        )
    query = (
        select(kube_label.c.object_id)
        .where(kube_label.c.object_id == kube_object.c.id)
        .where(kube_label.c.key == key)
    )
    return exists(query.where(kube_label.c.value == value) if is_exact else query)
