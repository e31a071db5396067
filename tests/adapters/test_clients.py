"""Clients against adapters that are not ours: the original's, and those that fail or lie."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from adapters.acme import Bench
from adapters.programs import Original, listening
from meshery._proto.meshery.adapter.v1 import adapter_pb2 as pb
from meshery.adapters.client import AdapterClient
from meshery.adapters.legacy_client import LegacyClient, LegacyInfo
from meshery.adapters.model import Cluster, Finished, Order, Progress, StepFinished, Told, Word
from meshery.adapters.security import ClientSecurity
from meshery.adapters.serving import Serving
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshery.core.errors import (
    ForbiddenError,
    LimitError,
    MesheryError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

SERVICE = "meshery.adapter.v1.Adapter"


def order(operation: str = "istio", **more: Any) -> Order:
    return Order(operation=operation, operation_id="op-1", heartbeat_s=0.05, **more)


@pytest.mark.parametrize("is_old", [False, True])
async def test_an_adapter_of_the_original_is_asked_and_followed(is_old: bool) -> None:
    program = Original(is_old=is_old)
    async with (
        listening("meshes.MeshService", program.methods()) as (address, _),
        LegacyClient(address) as client,
    ):
        info = await client.info()
        assert info == (
            LegacyInfo("ISTIO") if is_old else LegacyInfo("ISTIO", "adapter", "edge", "none")
        )
        assert await client.versions() == ()
        operations = await client.operations()
        assert [(each.key, each.category) for each in operations] == [
            ("istio", "install"),
            ("custom", "custom"),
            ("odd", "custom"),
        ]
        cluster = Cluster("here", "apiVersion: v1")
        asked = order(version="1.27.1", namespace="default", clusters=(cluster,))
        event = await client.carry_out(asked, silence_s=10)
        assert event.details == "The Istio service mesh is now installed."
        assert event.component_name == ("" if is_old else "ISTIO")
        (given,) = program.orders
        assert (given.opName, given.version, given.operation_id) == ("istio", "1.27.1", "op-1")
        assert list(given.kube_configs) == ["apiVersion: v1"]


async def test_an_operation_of_the_original_that_fails_is_a_failure() -> None:
    async with (
        listening("meshes.MeshService", Original().methods()) as (address, _),
        LegacyClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="deploying") as caught:
            await client.carry_out(order("dance"), silence_s=10)
        assert caught.value.cause == "unknown"
        with pytest.raises(OperationFailedError, match="did not accept") as caught:
            await client.carry_out(order("consul-way"), silence_s=10)
        assert caught.value.cause == "invalid operation"


async def test_an_outcome_that_never_comes_is_not_taken_for_one() -> None:
    program = Original()
    methods = program.methods()
    methods["ApplyOperation"] = (_accepted, False)
    async with (
        listening("meshes.MeshService", methods) as (address, _),
        LegacyClient(address) as client,
    ):
        with pytest.raises(UnavailableError, match="fell silent"):
            await client.carry_out(order(), silence_s=0.2)


async def _accepted(_request: bytes, _context: Any) -> bytes:
    return b""


async def test_components_go_to_adapters_of_the_original() -> None:
    program = Original()
    async with (
        listening("meshes.MeshService", program.methods()) as (address, _),
        LegacyClient(address) as client,
    ):
        assert await client.process_oam(["{}"], is_removal=True) == "one\ntwo"
        assert program.oam[0].delete_op


async def test_our_own_adapter_is_followed_by_the_client_of_the_original_s(
    serving: Serving, bench: Bench
) -> None:
    bench.go_on.set()
    async with LegacyClient(serving.address) as client:
        assert (await client.info()).name == "ACME"
        event = await client.carry_out(order("acme"), silence_s=10)
        assert event.summary in {"Installing", "Acme service mesh 1.10.0 installed successfully"}


async def test_an_adapter_without_our_contract_is_told_apart() -> None:
    async with (
        listening("meshes.MeshService", Original().methods()) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(UnsupportedError):
            await client.describe()


async def test_nobody_there() -> None:
    async with AdapterClient("127.0.0.1:1", timeout_s=2) as client:
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1 does not answer"):
            await client.health()


async def heard(client: AdapterClient, asked: Order) -> tuple[list[Word], MesheryError | None]:
    """What an operation said until it ended, and the error that it ended with."""
    words: list[Word] = []
    try:
        async for word in client.operate(asked):
            words.append(word)  # noqa: PERF401 - those before an error count
    except MesheryError as error:
        return words, error
    return words, None


def answer(message: Any) -> Any:
    async def call(_request: bytes, _context: Any) -> Any:
        return message.SerializeToString()

    return call


def stream(*messages: Any, then: Any = None) -> Any:
    async def call(_request: bytes, context: Any) -> AsyncIterator[bytes]:
        for each in messages:
            yield each.SerializeToString()
        if then is not None:
            await then(context)

    return call


async def forever(_context: Any) -> None:
    await asyncio.Event().wait()


async def raw(_request: bytes, _context: Any) -> bytes:
    return b"\xff\xff not protobuf"


STEP = pb.OperateResponse(step_finished=pb.StepFinished(step="one", state_json='{"one": 1}'))
BROKEN_STEP = pb.OperateResponse(step_finished=pb.StepFinished(step="one", state_json="{broken"))
LIST_STATE = pb.OperateResponse(step_finished=pb.StepFinished(step="one", state_json="[1]"))
ODD_WORD = pb.OperateResponse(told=pb.Told(severity="shout", summary="x"))


@pytest.mark.parametrize(
    "given",
    [
        pb.DescribeResponse(name="x", title="x"),
        pb.DescribeResponse(
            name="x", title="x", smp="X", status=pb.Status(state="dead"), versions=pb.Versions()
        ),
        pb.DescribeResponse(
            name="x",
            title="x",
            smp="X",
            status=pb.Status(state="active", as_of="2026-01-01", source="s"),
            versions=pb.Versions(),
            kinds=[pb.NativeKind(api_version="v1", kind="K", schema_json='{"a": ')],
        ),
    ],
)
async def test_a_garbled_description_is_told_as_such(given: Any) -> None:
    async with (
        listening(SERVICE, {"Describe": (answer(given), False)}) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="cannot be read"):
            await client.describe()


async def test_what_is_no_message_at_all_is_told_as_such() -> None:
    async with (
        listening(SERVICE, {"Describe": (raw, False)}) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="cannot be read"):
            await client.describe()


async def test_outcomes_must_be_as_many_as_behaviours() -> None:
    retry = parse_behaviour({"name": "a", "kind": "retry", "target": "api"})
    async with (
        listening(SERVICE, {"Render": (answer(pb.RenderResponse()), False)}) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="cannot be read") as caught:
            await client.render([retry], World(version="1"))
        assert caught.value.cause == "0 outcomes of 1 behaviours"


@pytest.mark.parametrize("given", [BROKEN_STEP, LIST_STATE, ODD_WORD])
async def test_a_garbled_word_ends_the_operation(given: Any) -> None:
    async with (
        listening(SERVICE, {"Operate": (stream(given), True)}) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="cannot be read"):
            _ = [word async for word in client.operate(order())]


async def test_an_adapter_that_hangs_is_lost_after_three_heartbeats() -> None:
    async with (
        listening(SERVICE, {"Operate": (stream(STEP, then=forever), True)}) as (address, _),
        AdapterClient(address, least_silence_s=1) as client,
    ):
        words, error = await heard(client, order())
        assert words == [StepFinished("one", {"one": 1})]
        assert isinstance(error, UnavailableError)
        assert "fell silent" in error.what


async def test_a_stream_without_its_last_word_is_no_success() -> None:
    async with (
        listening(SERVICE, {"Operate": (stream(STEP), True)}) as (address, _),
        AdapterClient(address) as client,
    ):
        with pytest.raises(OperationFailedError, match="without its last word"):
            _ = [word async for word in client.operate(order())]


async def test_words_of_a_later_contract_are_passed_over() -> None:
    later = pb.OperateResponse()
    done = pb.OperateResponse(finished=pb.Finished(summary="ok"))
    async with (
        listening(SERVICE, {"Operate": (stream(later, done), True)}) as (address, _),
        AdapterClient(address) as client,
    ):
        assert [word async for word in client.operate(order())] == [Finished("ok")]


async def test_a_flood_is_cut(serving: Serving, bench: Bench) -> None:
    async with AdapterClient(serving.address, most_words=500) as client:
        words, error = await heard(client, order("flood"))
        assert len(words) == 500
        assert isinstance(error, LimitError)


async def test_an_order_goes_on_when_its_adapter_died_within() -> None:
    """The first adapter dies after a step; the order goes on after it, and not before."""
    asked: list[pb.OperateRequest] = []
    done = pb.OperateResponse(finished=pb.Finished(summary="ok", result_json="[]"))

    async def operate(request: bytes, context: Any) -> AsyncIterator[bytes]:
        asked.append(pb.OperateRequest.FromString(request))
        yield STEP.SerializeToString()
        if len(asked) < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "going away")
        yield done.SerializeToString()

    async with (
        listening(SERVICE, {"Operate": (operate, True)}) as (address, _),
        AdapterClient(address) as client,
    ):
        heard: list[Word] = []

        async def hear(word: Word) -> None:
            heard.append(word)

        finished = await client.carry_out(order(), on_word=hear, tries=2, pause_s=0)
        assert finished == Finished("ok", [])
    assert [(each.attempt, each.last_step) for each in asked] == [(1, ""), (2, "one"), (3, "one")]
    assert asked[1].state_json == '{"one":1}'
    assert len(heard) == 4


async def test_an_adapter_that_stays_away_is_given_up() -> None:
    async with AdapterClient("127.0.0.1:1") as client:
        with pytest.raises(UnavailableError):
            await client.carry_out(order(), tries=2, pause_s=0)


async def test_logins_travel_in_the_clear_on_this_machine_only() -> None:
    asked = order(clusters=(Cluster("here", "secret"),))
    async with AdapterClient("adapter.test:10000") as client:
        with pytest.raises(ForbiddenError, match="in the clear"):
            await client.carry_out(asked)
    async with LegacyClient("adapter.test:10000") as legacy:
        with pytest.raises(ForbiddenError, match="in the clear"):
            await legacy.apply(asked)
    with pytest.raises(ForbiddenError, match="in the clear"):
        async with AdapterClient("adapter.test:1", security=ClientSecurity(token="t")):
            pass


async def test_progress_is_read_as_it_was_said() -> None:
    said = pb.OperateResponse(progress=pb.Progress(step="a", done=1.5, total=2, unit="MB"))
    told = pb.OperateResponse(told=pb.Told(severity="warning", summary="s", details="d"))
    done = pb.OperateResponse(finished=pb.Finished())
    async with (
        listening(SERVICE, {"Operate": (stream(said, told, done), True)}) as (address, _),
        AdapterClient(address) as client,
    ):
        assert [word async for word in client.operate(order())] == [
            Progress("a", 1.5, 2, "MB"),
            Told("warning", "s", "d"),
            Finished(),
        ]
