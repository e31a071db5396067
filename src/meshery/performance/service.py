"""The verbs of performance: profiles, runs, results, comparisons. What other rooms call.

Runs are operations: each verb that measures returns the queued one, whose result names the stored
result: `{"result_id", "kind", "validity", "reasons", "sentence", "violations"}`.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid5

import msgspec

from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, LimitError, NotFoundError
from meshery.core.page import Page, PageQuery
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform
from meshery.performance import store
from meshery.performance.compare import Comparison, compare
from meshery.performance.export import Export, export_result
from meshery.performance.generators import demand_generator
from meshery.performance.headers import Headers
from meshery.performance.live import LiveSecond, follow_seconds
from meshery.performance.model import (
    FUNCTIONS,
    FunctionsRequest,
    OverheadRequest,
    Profile,
    RunRequest,
    StoredProfile,
)
from meshery.performance.profile import check_limits, demand_consent
from meshery.performance.result import Result, ResultRow
from meshery.performance.targets import own_ports

KIND_RUN = "performance.run"
KIND_FUNCTIONS = "performance.functions"
BY_NAME = PageQuery(order="name")
NEWEST = PageQuery(order="-created_at")
_RESULTS = UUID("6f0c9f0e-6b5f-5d8e-9a53-3f1f0a1d7c11")


def result_id_of(operation_id: str) -> str:
    """The id of the result of an operation: known before it exists, the same if it is repeated."""
    return str(uuid5(_RESULTS, operation_id))


class PerformanceService:
    """What a person or program can ask of performance. Values of secret headers never come out."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._database = platform.database
        self._headers = Headers(platform.keys)

    async def list_profiles(self, query: PageQuery = BY_NAME) -> Page[StoredProfile]:
        """Profiles by page."""
        async with self._database.read() as connection:
            found = await store.list_profiles(connection, query)
        items = [self._headers.masked_stored(each) for each in found.items]
        return Page.of(items, query, total=found.total)

    async def get_profile(self, reference: str) -> StoredProfile:
        """A profile by id or name. NotFoundError."""
        async with self._database.read() as connection:
            found = await store.find_profile(connection, reference)
        return self._headers.masked_stored(found)

    async def save_profile(
        self, profile: Profile, *, profile_id: str = "", if_version: int | None = None
    ) -> StoredProfile:
        """Create a profile, or replace the one of that id, else of that name.

        A masked header value keeps what is stored. LimitError, ConflictError when the name belongs
        to another one, PreconditionError when it is no longer at `if_version`.
        """
        check_limits(profile, self._platform.settings.load)
        demand_generator(profile.load_generator)
        async with self._database.write() as connection:
            try:
                earlier = await store.find_profile(connection, profile_id or profile.name)
            except NotFoundError:
                if profile_id:
                    raise
                sealed = self._headers.sealed(profile, earlier=None)
                profile_id = await store.insert_profile(connection, sealed)
            else:
                profile_id = earlier.id
                sealed = self._headers.sealed(profile, earlier=earlier.profile)
                await store.replace_profile(connection, profile_id, sealed, if_version=if_version)
            saved = await store.find_profile(connection, profile_id)
        return self._headers.masked_stored(saved)

    async def delete_profile(self, reference: str, *, if_version: int | None = None) -> None:
        """Delete a profile; its results stay. NotFoundError, PreconditionError."""
        async with self._database.write() as connection:
            found = await store.find_profile(connection, reference)
            await store.delete_profile(connection, found.id, if_version=if_version)

    async def run(self, request: RunRequest, *, actor: str, idempotency_key: str = "") -> Operation:
        """Run a profile: the stored one of `profile_id`, else the one given inline.

        LimitError over a cap of the settings; InvalidInputError without consent for a foreign
        target. Secret header values need a stored profile.
        """
        await self.check_run(request)
        stored = request.profile_id
        document = {
            "profile_id": stored,
            "profile": None if stored else _document(request.profile),
            "name": request.name,
            "consent": request.consent,
        }
        if not stored:
            self._headers.demand_none(request.profile)
        subject = Subject("profile", stored or request.profile.name, request.profile.name)
        return await self._platform.operations.submit(
            KIND_RUN,
            subject=subject,
            input=document,
            actor=actor,
            idempotency_key=idempotency_key,
        )

    async def check_run(self, request: RunRequest) -> None:
        """All that would stop a run before it starts; for previews too."""
        check_limits(request.profile, self._platform.settings.load)
        demand_generator(request.profile.load_generator)
        ports = await own_ports(self._platform)
        demand_consent(request.profile, own_ports=ports, consent=request.consent)

    async def run_overhead(
        self, request: OverheadRequest, *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Measure what the mesh adds on one hop of a sandbox. LimitError over a cap."""
        self.check_measurement(request, arms=3)
        return await self._platform.operations.submit(
            KIND_RUN,
            subject=Subject("sandbox", request.sandbox, request.sandbox),
            input={"overhead": _document(request)},
            actor=actor,
            idempotency_key=idempotency_key,
        )

    async def functions(
        self, request: FunctionsRequest, *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Measure what functions of the mesh cost. LimitError over a cap."""
        self.check_measurement(request, arms=2)
        return await self._platform.operations.submit(
            KIND_FUNCTIONS,
            subject=Subject("sandbox", request.sandbox, request.sandbox),
            input={"functions": _document(request)},
            actor=actor,
            idempotency_key=idempotency_key,
        )

    def check_measurement(self, request: OverheadRequest | FunctionsRequest, *, arms: int) -> None:
        """Caps hold for all arms together. LimitError; InvalidInputError for what cannot be."""
        if min(request.rate_rps, request.duration_s, request.connections) <= 0:
            raise InvalidInputError(
                "a measurement needs a rate, a duration and connections above nothing",
                remedy="leave them out to take the defaults",
            )
        if isinstance(request, FunctionsRequest):
            _check_functions(request.functions)
        limits = self._platform.settings.load
        longest_s = max(request.duration_s, request.warmup_s)
        if longest_s > parse_duration(limits.max_duration):
            raise LimitError(
                f"a measurement of {longest_s:g} s passes a hard cap",
                cause=f"load.max_duration is {limits.max_duration}",
                remedy="ask for less, or have the operator raise the cap",
            )
        total = request.rate_rps * arms
        if total > limits.max_rps or request.connections * arms > limits.max_connections:
            raise LimitError(
                f"{arms} arms at {request.rate_rps:g} requests per second pass a hard cap",
                cause=f"load.max_rps is {limits.max_rps}, "
                f"load.max_connections is {limits.max_connections}, for all arms together",
                remedy="ask for less, or have the operator raise the cap",
            )

    async def list_results(
        self,
        query: PageQuery = NEWEST,
        *,
        kind: str = "",
        sandbox: str = "",
        profile_id: str = "",
        operation_id: str = "",
    ) -> Page[ResultRow]:
        """Results by page, newest first."""
        async with self._database.read() as connection:
            return await store.list_results(
                connection,
                query,
                kind=kind,
                sandbox=sandbox,
                profile_id=profile_id,
                operation_id=operation_id,
            )

    async def get_result(self, result_id: str) -> Result:
        """A result whole, without its histograms. NotFoundError."""
        async with self._database.read() as connection:
            result, _ = await store.find_result(connection, result_id)
        return result

    async def delete_result(self, result_id: str) -> None:
        """Delete a result with its histograms. NotFoundError."""
        async with self._database.write() as connection:
            await store.delete_result(connection, result_id)

    async def export_result(self, result_id: str, form: str) -> Export:
        """A result as a file: json, csv, csv-percentiles or hdr. NotFoundError, InvalidInput."""
        async with self._database.read() as connection:
            result, _ = await store.find_result(connection, result_id)
            histograms = await store.find_histograms(connection, result_id)
        return export_result(result, histograms, form)

    async def compare(self, base_id: str, other_id: str, *, force: bool = False) -> Comparison:
        """Compare two results. ConflictError when their environments differ, unless forced."""
        base = await self.get_result(base_id)
        return compare(base, await self.get_result(other_id), force=force)

    def follow_live(
        self, operation_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[LiveSecond]]:
        """The seconds of a running measurement, from now on; leave it when the operation ended."""
        return follow_seconds(self._platform.bus, operation_id)

    async def profile_to_run(self, profile_id: str) -> Profile:
        """A stored profile with its secrets, for the work that runs it."""
        async with self._database.read() as connection:
            found = await store.find_profile(connection, profile_id)
        return self._headers.opened(found.profile)


def _document(request: msgspec.Struct) -> Any:
    """As it comes back from a row, so that a repeated request is seen to be the same."""
    return msgspec.json.decode(msgspec.json.encode(request))


def _check_functions(functions: tuple[str, ...]) -> None:
    unknown = [name for name in functions if name not in FUNCTIONS]
    if unknown or not functions:
        raise InvalidInputError(
            f"{', '.join(unknown) or 'nothing'} is no function that can be measured",
            remedy="choose of " + ", ".join(FUNCTIONS),
            code="meshery.performance.functions",
        )
