"""Changes of objects as they are stored, and which of them somebody wants."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, or_

from meshery.discovery.ingest.tables import kube_change
from meshery.discovery.model import ChangeKind, group_of


class ChangeFilter(msgspec.Struct, frozen=True):
    """Which changes; empty fields let all pass, and so does no `group`: "" is the core group.

    `search` is looked for in names and namespaces.
    """

    cluster_id: str = ""
    kind: str = ""
    group: str | None = None
    namespace: str = ""
    event: str = ""
    search: str = ""

    def accepts(self, change: "ObjectChange") -> bool:
        """Whether a change passes."""
        return (
            self.kind in {"", change.kind}
            and self.namespace in {"", change.namespace}
            and self.cluster_id in {"", change.cluster_id}
            and self.event in {"", change.event}
            and (self.group is None or self.group == group_of(change.api_version))
            and (not self.search or self._is_found_in(change.name, change.namespace))
        )

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The same for rows."""
        table = kube_change.c
        for name in ("kind", "namespace", "cluster_id", "event"):
            if wanted := getattr(self, name):
                yield table[name] == wanted
        if self.group is not None:
            is_grouped = table.api_version.startswith(f"{self.group}/", autoescape=True)
            yield is_grouped if self.group else ~table.api_version.contains("/")
        if self.search:
            names = (table.name, table.namespace)
            yield or_(*(each.icontains(self.search, autoescape=True) for each in names))

    def _is_found_in(self, *texts: str) -> bool:
        return any(self.search.lower() in text.lower() for text in texts)


ALL_CHANGES = ChangeFilter()


class ObjectChange(msgspec.Struct, frozen=True):
    """One change of one object; `seq` is its place in the row of all changes.

    `id` is the object's, also of one that is gone since.
    """

    seq: int
    at: datetime
    event: ChangeKind
    id: str
    cluster_id: str
    api_version: str
    kind: str
    namespace: str
    name: str
    resource_version: str
    raw: bytes | None

    def document(self) -> Any:
        """What its author wrote; None where the object was not told when it vanished."""
        return msgspec.json.decode(self.raw) if self.raw else None


class ObjectChanges(msgspec.Struct, frozen=True):
    """Changes after a place in their row, the oldest first; `next` is where to go on."""

    items: list[ObjectChange]
    next: int
