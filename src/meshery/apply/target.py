"""`Target`: the seam to a place that keeps objects and makes them real: a cluster, the sandbox.

Everything that changes a mesh goes through these verbs, so that plan, diff, undo and proof
are written once. Objects have Kubernetes' shape (`apiVersion`, `kind`, `metadata`, `spec`,
`status`) and obey the rules of its API: `uid` never changes, `generation` counts changes of
`spec`, `resourceVersion` counts every change and is opaque to clients.
`tests/apply/target_suite.py` holds every implementation to them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import msgspec

Object = dict[str, Any]
"""An object as its author wrote it: a foreign payload, read at the edges and otherwise carried."""


class Ref(msgspec.Struct, frozen=True, order=True):
    """Which object: the four parts of its name."""

    api_version: str
    kind: str
    name: str
    namespace: str = "default"

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One changed place: its dotted path, and the value before and after; None is no value."""

    path: str
    before: Any = None
    after: Any = None


class Change(msgspec.Struct, frozen=True):
    """What happened to one object, or would happen (`dry_run`).

    `stored` is the object afterwards, None once deleted; `notes` say what is not exact.
    """

    ref: Ref
    action: Literal["created", "configured", "unchanged", "deleted"]
    dry_run: bool = False
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    stored: Object | None = None


class WatchEvent(msgspec.Struct, frozen=True):
    """One change as a watcher sees it; `resource_version` is where to resume after it."""

    what: Literal["added", "modified", "deleted"]
    stored: Object
    resource_version: str


class Readiness(msgspec.Struct, frozen=True):
    """Whether an object is in effect, and if not, what is still missing, in words.

    `is_final` marks a failure that waiting does not mend.
    """

    ref: Ref
    ready: bool
    reason: str = ""
    is_final: bool = False


class Endpoint(msgspec.Struct, frozen=True):
    """Where a workload answers: a TCP address, and the authority (`Host`) to ask for."""

    host: str
    port: int
    authority: str

    @property
    def url(self) -> str:
        """The address as an HTTP URL, without the authority."""
        return f"http://{self.host}:{self.port}"


class Capabilities(msgspec.Struct, frozen=True):
    """What a target can keep (`apiVersion/Kind`) and do (`behaviours` of the neutral model)."""

    kinds: frozenset[str]
    behaviours: frozenset[str] = frozenset()
    dry_run: bool = True
    watch: bool = True
    reach: bool = True


class Target(Protocol):
    """A place that keeps objects and makes them real. Every verb may raise UnavailableError."""

    @property
    def name(self) -> str:
        """What people call it: a cluster's context or a sandbox's name."""
        ...

    async def capabilities(self) -> Capabilities:
        """What it can keep and do."""
        ...

    async def apply(
        self,
        objects: Sequence[Object],
        *,
        dry_run: bool = False,
        wait: bool = True,
        force: bool = False,
        timeout_s: float = 30.0,
    ) -> list[Change]:
        """Create or change all of `objects`, or none; returns when they are in effect, in order.

        With `dry_run` nothing is stored or changed and the same answer is given. Without `wait` it
        returns when they are stored, and `ready` tells when they are in effect; where storing and
        effect are one, nothing differs. `force` takes over what others own of these objects, where
        a place keeps owners of single fields.
        InvalidInputError lists every faulty object; ConflictError when an object names a
        `resourceVersion` that is no longer current; OperationFailedError when the place refused
        the result, with its own reason.
        """
        ...

    async def get(self, ref: Ref, *, whole: bool = False) -> Object:
        """One object. NotFoundError when there is none.

        `whole` adds what a place keeps of the owners of its fields, for `restore` to give back.
        """
        ...

    async def list(
        self, api_version: str, kind: str, *, namespace: str | None = None
    ) -> Sequence[Object]:
        """All objects of a kind, by namespace and name."""
        ...

    def watch(
        self, api_version: str, kind: str, *, after: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent]]:
        """Changes after the resource version `after`; without one, what exists is `added` first."""
        ...

    async def delete(
        self, ref: Ref, *, uid: str = "", dry_run: bool = False, timeout_s: float = 30.0
    ) -> Change:
        """Take one object away; returns when its effect is gone. NotFoundError if none is there.

        With `uid` only that very object: ConflictError when another one has its name now.
        """
        ...

    async def restore(self, stored: Object, *, timeout_s: float = 30.0) -> Change:
        """Make an object that is there be again, whole, as it was when `get` gave `stored`.

        What others owned of it is no longer ours. NotFoundError if it is not there, ConflictError
        when another object has its name now.
        """
        ...

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        """Whether an object is in effect, waiting up to `timeout_s`. NotFoundError if not there."""
        ...

    def reach(self, ref: Ref, *, port: int = 0) -> AbstractAsyncContextManager[Endpoint]:
        """An address where `ref` answers while the context is open; `port` 0 is its first."""
        ...


def ref_of(document: Object) -> Ref:
    """The name of an object; missing parts are empty, a missing namespace is `default`."""
    metadata = document.get("metadata") or {}
    return Ref(
        api_version=str(document.get("apiVersion", "")),
        kind=str(document.get("kind", "")),
        name=str(metadata.get("name", "")),
        namespace=str(metadata.get("namespace") or "default"),
    )
