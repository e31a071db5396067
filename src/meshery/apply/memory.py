"""A target that lives in this process and is lost with it: for trying plans.

It also shows the rules of the seam plainly, without a database or proxies around them.
"""

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal

from meshery.apply.difference import differences
from meshery.apply.shape import check_shape, check_uid, check_version, stamp
from meshery.apply.target import (
    Capabilities,
    Change,
    Endpoint,
    Object,
    Readiness,
    Ref,
    WatchEvent,
    ref_of,
)
from meshery.core.errors import NotFoundError, UnsupportedError


class MemoryTarget:
    """Keeps objects of the given kinds; kept is in effect, and there is nothing to reach."""

    def __init__(self, name: str, *, kinds: frozenset[str]) -> None:
        self._name = name
        self._kinds = kinds
        self._objects: dict[Ref, Object] = {}
        self._history: list[WatchEvent] = []
        self._version = 0
        self._changed = asyncio.Condition()

    @property
    def name(self) -> str:
        """The name it was made with."""
        return self._name

    async def capabilities(self) -> Capabilities:
        """Its kinds; no address."""
        return Capabilities(kinds=self._kinds, reach=False)

    async def apply(
        self,
        objects: Sequence[Object],
        *,
        dry_run: bool = False,
        wait: bool = True,
        force: bool = False,
        timeout_s: float = 30.0,
    ) -> list[Change]:
        """Keep all of `objects` or none; kept is in effect, and no field has an owner."""
        del wait, force, timeout_s
        check_shape(objects, self._kinds)
        for document in objects:
            check_version(document, self._objects.get(ref_of(document)))
        changes = [await self._keep(document, dry_run=dry_run) for document in objects]
        return copy.deepcopy(changes)

    async def get(self, ref: Ref, *, whole: bool = False) -> Object:
        """One object, a copy."""
        del whole
        return copy.deepcopy(self._held(ref))

    async def list(
        self, api_version: str, kind: str, *, namespace: str | None = None
    ) -> Sequence[Object]:
        """All objects of a kind, copies."""
        return [
            copy.deepcopy(self._objects[ref])
            for ref in sorted(self._objects)
            if (ref.api_version, ref.kind) == (api_version, kind)
            and namespace in (None, ref.namespace)
        ]

    @asynccontextmanager
    async def watch(
        self, api_version: str, kind: str, *, after: str = ""
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """Changes from the history this process holds, which is all of it."""
        existing = [] if after else list(await self.list(api_version, kind))
        position = self._version if not after else int(after)

        async def events() -> AsyncGenerator[WatchEvent]:
            for stored in existing:
                yield WatchEvent("added", stored, stored["metadata"]["resourceVersion"])
            reached = position
            while True:
                async with self._changed:
                    while self._version == reached:
                        await self._changed.wait()
                    fresh = copy.deepcopy(self._history[reached:])
                reached += len(fresh)
                for event in fresh:
                    if (event.stored["apiVersion"], event.stored["kind"]) == (api_version, kind):
                        yield event

        stream = events()
        try:
            yield stream
        finally:
            await stream.aclose()

    async def delete(
        self, ref: Ref, *, uid: str = "", dry_run: bool = False, timeout_s: float = 30.0
    ) -> Change:
        """Forget one object."""
        del timeout_s
        held = self._held(ref)
        check_uid(ref, uid, held)
        if not dry_run:
            del self._objects[ref]
            await self._record("deleted", held)
        return Change(ref, "deleted", dry_run, differences(held, None))

    async def restore(self, stored: Object, *, timeout_s: float = 30.0) -> Change:
        """Keep an object as it was before."""
        del timeout_s
        ref = ref_of(stored)
        check_uid(ref, str(stored["metadata"].get("uid", "")), self._held(ref))
        return copy.deepcopy(await self._keep(stored, dry_run=False))

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        """Always, once kept."""
        del timeout_s
        self._held(ref)
        return Readiness(ref, ready=True)

    def reach(self, ref: Ref, *, port: int = 0) -> AbstractAsyncContextManager[Endpoint]:
        """UnsupportedError: nothing runs here."""
        raise UnsupportedError(
            f"{ref} has no address", cause=f"{self._name} keeps objects and runs nothing ({port=})"
        )

    def _held(self, ref: Ref) -> Object:
        if ref not in self._objects:
            raise NotFoundError(f"there is no {ref} in {self._name}")
        return self._objects[ref]

    async def _keep(self, document: Object, *, dry_run: bool) -> Change:
        ref = ref_of(document)
        held = self._objects.get(ref)
        stored = stamp(document, held, resource_version=self._version + 1)
        found = differences(held, stored)
        if held is not None and not found:
            return Change(ref, "unchanged", dry_run, stored=held)
        if not dry_run:
            self._objects[ref] = stored
            await self._record("modified" if held else "added", stored)
        return Change(ref, "configured" if held else "created", dry_run, found, stored=stored)

    async def _record(self, what: Literal["added", "modified", "deleted"], stored: Object) -> None:
        self._version += 1
        async with self._changed:
            self._history.append(WatchEvent(what, stored, str(self._version)))
            self._changed.notify_all()
