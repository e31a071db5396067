"""GraphQL of results of load tests. Thin: the service does the work."""

from collections.abc import AsyncGenerator
from enum import StrEnum

import strawberry

from meshery.core.page import Page, PageQuery
from meshery.operations.request import platform_of
from meshery.performance.model import Validity
from meshery.performance.result import Result, ResultRow
from meshery.performance.result_feed import ResultSeen, followed_results
from meshery.performance.service import PerformanceService
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, connection, followed
from meshery.web.graphql.lists import FIRST, Direction, Slice, slice_of, slice_query
from meshery.web.graphql.nouns import noun, words
from meshery.web.graphql.scalars import After

words(Validity, name="PerformanceValidity")
ResultNoun = noun(ResultRow, name="PerformanceResult")


@strawberry.enum(description="What results are ordered by.")
class ResultField(StrEnum):
    """What results are ordered by."""

    CREATED_AT = "created_at"
    NAME = "name"
    KIND = "kind"
    VALIDITY = "validity"
    RATE_RPS = "rate_rps"
    REQUESTS = "requests"
    P50_US = "p50_us"
    P90_US = "p90_us"
    P99_US = "p99_us"
    DELTA_P50_US = "delta_p50_us"


@strawberry.input(description="The order of results.")
class ResultOrder:
    """The order of results."""

    field: ResultField = ResultField.CREATED_AT
    direction: Direction = Direction.DESCENDING


@strawberry.input(description="Which results; what is left out lets all pass.")
class ResultsOnly:
    """Which results."""

    kind: str = ""
    sandbox: str = ""
    profile_id: str = ""
    operation_id: str = ""


@strawberry.type
class PerformanceQuery:
    """What may be asked."""

    @asked(connection(ResultNoun), "Results of load tests.")
    async def performance_results(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: ResultOrder | None = None,
        search: str = "",
        only: ResultsOnly | None = None,
    ) -> Slice[ResultRow]:
        """Newest first."""
        query = slice_query(first, after, order=order_by or ResultOrder(), search=search)
        service, wanted = _service(info), only or ResultsOnly()

        async def listed(part: PageQuery) -> Page[ResultRow]:
            return await service.list_results(
                part,
                kind=wanted.kind,
                sandbox=wanted.sandbox,
                profile_id=wanted.profile_id,
                operation_id=wanted.operation_id,
            )

        return await slice_of(listed, query)

    @asked(
        noun(Result, name="PerformanceResultDocument", prefix="Performance"),
        "One result whole, without its histograms.",
    )
    async def performance_result(self, info: Info, id: strawberry.ID) -> Result:  # noqa: A002
        """Latencies are microseconds."""
        return await _service(info).get_result(id)


@strawberry.type
class PerformanceSubscription:
    """What may be followed."""

    @followed(
        noun(ResultSeen, name="PerformanceResultSeen"),
        "Results as their runs end.",
    )
    async def performance_results(
        self, info: Info, *, after: After = None
    ) -> AsyncGenerator[ResultSeen]:
        """From the one after `after`."""
        async with followed_results(platform_of(connection_of(info)), after=after) as results:
            async for seen in results:
                yield seen


DOOR = Door(query=PerformanceQuery, subscription=PerformanceSubscription)


def _service(info: Info) -> PerformanceService:
    return PerformanceService(platform_of(connection_of(info)))
