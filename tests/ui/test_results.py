"""Results of every kind are drawn whole; what a result lacks is left out, not made up."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from meshery.performance.arm_names import arm_name
from meshery.performance.compare import compare
from meshery.performance.compare_view import draw_comparison
from meshery.performance.model import (
    Endpoint,
    FunctionsRequest,
    OverheadRequest,
    Profile,
    RunRequest,
    Validity,
)
from meshery.performance.pages import request_of
from meshery.performance.result import Result, Violation
from meshery.performance.result_view import draw_result
from meshery.ui.context import PageContext
from meshery.ui.page import Page
from ui.crowd import sample_result

MakePage = Callable[..., Page]
PROFILE = Profile(name="load", endpoints=(Endpoint(url="http://127.0.0.1:1/"),))


def load_result() -> Result:
    overhead = sample_result()
    return msgspec.structs.replace(
        overhead,
        kind="load",
        arms={"load": overhead.arms["on"]},
        delta_us={},
        null_delta_us={},
        proxy=None,
        functions=(),
        series=(),
        violations=(Violation(name="p99_us", value=900, limit=500, text="p99 is 900 us, not 500"),),
        request=msgspec.to_builtins(PROFILE),
    )


def functions_result() -> Result:
    return msgspec.structs.replace(
        sample_result(),
        kind="functions",
        arms={},
        delta_us={},
        proxy=None,
        series=(),
        slowest=(),
        request=msgspec.to_builtins(FunctionsRequest(sandbox="shop")),
    )


async def drawn(read_pages: Any, make_page: MakePage, draw: Callable[[], None]) -> Any:
    async def build(_context: PageContext) -> None:
        draw()

    return read_pages([make_page(build)])


async def test_an_overhead_result_is_drawn_whole(read_pages: Any, make_page: MakePage) -> None:
    result = sample_result(validity=Validity.DEGRADED)
    async with await drawn(read_pages, make_page, lambda: draw_result(result)) as user:
        await user.open("/")
        for words in (
            "p50 added",
            "on the mesh",
            "Mutual TLS",
            "118 µs",
            "15.8 MB",
            "other processes used 14 % of the CPU (limit 10 %)",
            "How the verdict was made",
            "Envoy 1.40.0",
        ):
            await user.should_see(words)


async def test_plain_load_shows_its_own_numbers_and_thresholds(
    read_pages: Any, make_page: MakePage
) -> None:
    async with await drawn(read_pages, make_page, lambda: draw_result(load_result())) as user:
        await user.open("/")
        await user.should_see("p99 is 900 us, not 500")
        await user.should_see("requests per second")
        await user.should_not_see("p50 added")
        await user.should_not_see("What each function costs")


async def test_functions_alone_have_their_tiles(read_pages: Any, make_page: MakePage) -> None:
    async with await drawn(read_pages, make_page, lambda: draw_result(functions_result())) as user:
        await user.open("/")
        await user.should_see("Mutual TLS, p50")
        await user.should_see("not distinguishable")
        await user.should_not_see("Arms side by side")


async def test_a_comparison_tells_differences_first(read_pages: Any, make_page: MakePage) -> None:
    base = sample_result()
    other = msgspec.structs.replace(
        sample_result(2), environment=msgspec.structs.replace(base.environment, kernel="7.0")
    )
    comparison = compare(base, other, force=True)

    def draw() -> None:
        draw_comparison(comparison, base, other)

    async with await drawn(read_pages, make_page, draw) as user:
        await user.open("/")
        await user.should_see("What was not the same")
        await user.should_see("kernel")
        await user.should_see("7.0")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (sample_result(), OverheadRequest(sandbox="shop")),
        (functions_result(), FunctionsRequest(sandbox="shop")),
        (load_result(), RunRequest(profile=PROFILE, name=load_result().name)),
    ],
)
def test_a_result_knows_the_request_it_came_from(result: Result, expected: object) -> None:
    assert request_of(result) == expected


def test_arms_have_words() -> None:
    assert [arm_name(key) for key in ("off", "on", "null", "other")] == [
        "off the mesh",
        "on the mesh",
        "null (off again)",
        "other",
    ]
