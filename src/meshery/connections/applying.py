"""One apply of several objects: tried as a whole, then done in order, undone when a part fails.

What makes others possible comes first: definitions of kinds, then namespaces.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from meshery.apply.difference import differences
from meshery.apply.target import Change, Object, Ref, ref_of
from meshery.connections.restoring import put_back
from meshery.connections.stored import sent_form, stored_form
from meshery.core.errors import (
    InvalidInputError,
    MesheryError,
    NotFoundError,
    OperationFailedError,
    Problem,
)
from meshery.core.tasks import outlasting
from meshery.core.telemetry import get_logger
from meshery.kube import apply as kube
from meshery.kube.client import KubeClient
from meshery.kube.kinds import KindCache
from meshery.kube.readiness import wait_ready
from meshery.kube.resource import Resource

_FIRST = ("CustomResourceDefinition", "Namespace")
_UNTRIED = "not tried on the server: what it needs is applied with it"
_UNDO_S = 20.0
_KIND_POLL_S = 0.1

_log = get_logger("connections.applying")


class _Done(msgspec.Struct, frozen=True):
    """One object that was applied."""

    ref: Ref
    resource: Resource
    applied: kube.Applied


class Applying:
    """Objects on their way to one cluster."""

    def __init__(
        self,
        client: KubeClient,
        kinds: KindCache,
        *,
        manager: str,
        force: bool,
        objects: Sequence[Object],
    ) -> None:
        self._client = client
        self._kinds = kinds
        self._manager = manager
        self._force = force
        self._objects = objects
        self._refs = [ref_of(document) for document in objects]

    async def tried(self) -> list[Change]:
        """What applying would do. InvalidInputError with every fault of every object.

        ConflictError when an object changed, or others own its fields.
        """
        problems = list(_doubled(self._refs))
        doubled = {int(problem.path.strip("[]")) for problem in problems}
        changes: list[Change] = []
        for position in range(len(self._objects)):
            if position in doubled:
                continue
            try:
                changes.append(await self._try(position))
            except InvalidInputError as error:
                problems += _placed(error, position)
        if problems:
            raise _faults(sorted(problems, key=lambda problem: _position(problem.path)))
        return changes

    async def carried_out(self, *, wait: bool, timeout_s: float) -> list[Change]:
        """Apply for good and wait until all are ready; what fails leaves nothing behind.

        Without `wait`, only those that others of the objects need are waited for.
        """
        done: dict[int, _Done] = {}
        async with self._undoing(done):
            deadline = asyncio.get_running_loop().time() + timeout_s
            for position in sorted(range(len(self._objects)), key=self._rank):
                done[position] = await self._apply(position, deadline)
                if self._rank(position) < len(_FIRST) and len(self._objects) > 1:
                    await self._until_ready(done[position], deadline)  # the others need it
            if wait:
                for each in done.values():
                    await self._until_ready(each, deadline)
        return [_change(done[position]) for position in sorted(done)]

    async def _try(self, position: int) -> Change:
        document, ref = self._objects[position], self._refs[position]
        try:
            resource = await self._kinds.of(ref.api_version, ref.kind)
            applied = await self._send(document, resource, dry_run=True)
        except NotFoundError as error:
            if not self._comes_along(ref):
                missing = Problem("kind" if _is_kind(error) else "metadata.namespace", error.what)
                raise InvalidInputError(error.what, problems=[missing]) from error
            return Change(ref, "created", dry_run=True, notes=(_UNTRIED,))
        return _change(_Done(ref, resource, applied))

    async def _apply(self, position: int, deadline: float) -> _Done:
        document, ref = self._objects[position], self._refs[position]
        while True:
            try:
                resource = await self._kinds.of(ref.api_version, ref.kind)
                applied = await self._send(document, resource, dry_run=False)
            except NotFoundError:
                late = asyncio.get_running_loop().time() > deadline
                if late or not self._comes_along(ref):
                    raise
                # A kind is established a moment before it is told of and served.
                self._kinds.forget()
                await asyncio.sleep(_KIND_POLL_S)
            else:
                return _Done(ref, resource, applied)

    async def _send(self, document: Object, resource: Resource, *, dry_run: bool) -> kube.Applied:
        return await kube.apply(
            self._client,
            resource,
            sent_form(document, resource),
            manager=self._manager,
            force=self._force,
            dry_run=dry_run,
        )

    async def _until_ready(self, done: _Done, deadline: float) -> None:
        left_s = max(0.1, deadline - asyncio.get_running_loop().time())
        await wait_ready(
            self._client,
            done.resource,
            done.ref.name,
            namespace=done.ref.namespace,
            timeout_s=left_s,
        )

    def _comes_along(self, ref: Ref) -> bool:
        """Whether what an object lacks, its kind or its namespace, is among the objects."""
        group = ref.api_version.rpartition("/")[0]
        for other, document in zip(self._refs, self._objects, strict=True):
            spec = document.get("spec") or {}
            if other.kind == _FIRST[0] and spec.get("group") == group:
                return True
            if (other.api_version, other.kind, other.name) == ("v1", "Namespace", ref.namespace):
                return True
        return False

    def _rank(self, position: int) -> int:
        kind = self._refs[position].kind
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)

    @asynccontextmanager
    async def _undoing(self, done: dict[int, _Done]) -> AsyncIterator[None]:
        """Put the former state back when the block fails or is cancelled; tell what stays."""
        try:
            yield
        except BaseException as error:
            left, _ = await outlasting(self._undo(list(done.values())))
            if left and isinstance(error, MesheryError):
                raise _left_behind(error, left) from error
            raise

    async def _undo(self, done: Sequence[_Done]) -> list[Ref]:
        """Take all back, the last one first; what could not be."""
        left = [each.ref for each in done]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UNDO_S):
                for each in reversed(done):
                    try:
                        await self._take_back(each)
                        left.remove(each.ref)
                    except MesheryError as error:
                        _log.warning("apply.not_undone", ref=str(each.ref), what=error.what)
        return left

    async def _take_back(self, done: _Done) -> None:
        applied, ref = done.applied, done.ref
        if applied.action == "created":
            uid = applied.after["metadata"]["uid"]
            await kube.delete(
                self._client, done.resource, ref.name, namespace=ref.namespace, uid=uid
            )
        elif applied.action == "configured":
            if applied.before is None:
                raise OperationFailedError(
                    f"the former state of {ref} is not known", cause="others made it meanwhile"
                )
            await put_back(self._client, done.resource, applied.before, manager=self._manager)


def _left_behind(error: MesheryError, left: Sequence[Ref]) -> OperationFailedError:
    """The error that ended an apply, with what of it could not be taken back."""
    names = ", ".join(str(ref) for ref in left)
    return OperationFailedError(
        error.what,
        cause=f"{error.cause}; " * bool(error.cause) + f"and these could not be put back: {names}",
        remedy=f"look at them with kubectl, then apply again; {error.remedy}".rstrip("; "),
        code="meshery.apply.left_behind",
        problems=error.problems,
    )


def _change(done: _Done) -> Change:
    applied = done.applied
    before = stored_form(applied.before) if applied.before else None
    after = stored_form(applied.after)
    found = differences(before, after)
    # Becoming the owner of a field is a change to the server, but none to the object.
    action = applied.action if before is None or found else "unchanged"
    return Change(
        done.ref,
        action,
        applied.dry_run,
        differences=found if before else (),
        notes=(applied.note,) if applied.note else (),
        stored=after,
    )


def _doubled(refs: Sequence[Ref]) -> Iterator[Problem]:
    seen: set[Ref] = set()
    for position, ref in enumerate(refs):
        if ref in seen:
            yield Problem(f"[{position}]", f"{ref} is given twice")
        seen.add(ref)


def _placed(error: InvalidInputError, position: int) -> Iterator[Problem]:
    """The faults of one object, with its place in the list before their paths."""
    for problem in error.problems or (Problem("", error.what),):
        path = f"[{position}].{problem.path}" if problem.path else f"[{position}]"
        yield msgspec.structs.replace(problem, path=path)


def _position(path: str) -> int:
    return int(path[1 : path.index("]")])


def _is_kind(error: NotFoundError) -> bool:
    return error.specific_code != "meshery.kube.not_found"


def _faults(problems: Sequence[Problem]) -> InvalidInputError:
    return InvalidInputError(
        f"{len(problems)} fault{'s' if len(problems) > 1 else ''} in the objects",
        cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
        remedy="correct them and apply again; nothing was changed",
        code="meshery.apply.objects",
        problems=problems,
    )
