"""Our own contract over real gRPC: everything that is said arrives as it was said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import grpc
import grpc.aio
import msgspec
import pytest

from adapters.acme import MESH, Bench, adapter
from fixtures import waiting
from meshery.adapters.client import AdapterClient
from meshery.adapters.description import digest_of
from meshery.adapters.legacy_client import LegacyClient
from meshery.adapters.model import (
    Cluster,
    Component,
    Finished,
    Heartbeat,
    Order,
    Progress,
    StepFinished,
    StepStarted,
    Told,
    Word,
)
from meshery.adapters.serving import Serving, serve
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.core.errors import (
    CancelledByUserError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

WORLD = World(
    version="1.10.0",
    namespace="shop",
    services=(
        Service(
            "api",
            "shop",
            ports=(ServicePort(8080, "web", "grpc"),),
            labels={"app": "api"},
            subsets={"v1": {"track": "stable"}, "bare": {}},
        ),
    ),
    callers={"shop/api": ("shop/web",)},
    live=({"kind": "Thing", "n": 1},),
    data_plane="ambient",
)


def order(operation: str = "acme", **more: object) -> Order:
    return msgspec.structs.replace(
        Order(operation=operation, operation_id="op-1", heartbeat_s=0.05), **more
    )


async def said(client: AdapterClient, asked: Order) -> list[Word]:
    return [word async for word in client.operate(asked) if not isinstance(word, Heartbeat)]


async def until(words: AsyncIterator[Word], kind: type[Word]) -> Word:
    async for word in words:
        if isinstance(word, kind):
            return word
    raise AssertionError(f"no {kind.__name__} came")


async def becomes(serving: Serving, operations: int) -> None:
    async def is_so() -> bool:
        return serving.operations == operations

    await waiting.until(is_so, what="the end of the operation")


async def test_a_description_arrives_whole(client: AdapterClient, serving: Serving) -> None:
    described = await client.describe()
    assert described == serving.description
    assert described.charts == MESH.charts
    assert described.trust == MESH.trust
    assert described.profiles == MESH.profiles
    assert described.kinds == MESH.kinds
    assert described.injection == MESH.injection
    assert described.versions.known == MESH.versions.known
    assert described.status == MESH.status
    assert described.validators == ("attempts",)
    assert described.fingerprints == ({"mesh": "acme", "images": ["acme/proxy"]},)
    assert described.digest == digest_of(described)


async def test_operations_are_told_with_steps_and_the_schema_of_their_input(
    client: AdapterClient,
) -> None:
    operations = {each.key: each for each in (await client.describe()).operations}
    assert operations["acme"].steps == ("fetch", "install", "wait")
    assert operations["acme"].removal_steps == ("remove",)
    assert operations["acme"].does == "install"
    schema = operations["acme"].input_schema
    assert schema["$defs"]["Input"]["properties"]["replicas"]["type"] == "integer"
    assert operations["deny-all"].is_rendered
    assert operations["custom"].steps == ()


async def test_behaviours_are_told_with_schemas_as_documents_are_written(
    client: AdapterClient,
) -> None:
    kinds = {each.kind: each.schema for each in (await client.describe()).behaviours}
    retry = kinds["retry"]["$defs"]["Retry"]
    assert retry["additionalProperties"] is False
    duration = {"type": "string", "format": "go-duration"}
    assert retry["properties"]["perTryTimeout"]["anyOf"][0] == duration
    assert kinds["retry"]["$defs"]["Backoff"]["properties"]["base"]["default"] == "25ms"


async def test_behaviours_become_objects_with_an_outcome_each(client: AdapterClient) -> None:
    retry = parse_behaviour(
        {
            "name": "again",
            "kind": "retry",
            "target": {"service": "api", "port": 8080},
            "source": "web",
            "params": {"attempts": 3, "perTryTimeout": "250ms", "budget": {"ratio": 10}},
        }
    )
    mirror = parse_behaviour(
        {"name": "copy", "kind": "mirror", "target": "api", "params": {"to": {"subset": "v2"}}}
    )
    rendering = await client.render([retry, mirror], WORLD)
    assert rendering == MESH.render([retry, mirror], WORLD)
    assert rendering.objects[0]["spec"] == {"attempts": 3, "seen": ["api"]}
    assert [each.fidelity for each in rendering.outcomes] == [
        Fidelity.APPROXIMATE,
        Fidelity.UNSUPPORTED,
    ]
    assert rendering.outcomes[1].alternative


async def test_a_version_that_is_unknown_is_refused_with_near_ones(client: AdapterClient) -> None:
    with pytest.raises(InvalidInputError, match=r"no version 1\.1\.0") as caught:
        await client.render([], World(version="1.1.0"))
    assert "1.10.0" in caught.value.remedy


async def test_components_follow_the_version_of_the_mesh(client: AdapterClient) -> None:
    gate = Component(
        api_version="acme.test/v2", kind="Gate", name="g", labels={"a": "b"}, settings={"n": [1]}
    )
    made = await client.render_component(gate, WORLD)
    assert made.objects == (
        {
            "apiVersion": "acme.test/v2",
            "kind": "Gate",
            "metadata": {"name": "g", "namespace": "shop", "labels": {"a": "b"}},
            "spec": {"n": [1]},
        },
    )
    old = await client.render_component(gate, World(version="1.9.0"))
    assert old.objects == ()
    assert old.outcome.fidelity is Fidelity.UNSUPPORTED
    assert "since 1.10.0" in old.outcome.notes[0]
    strange = msgspec.structs.replace(gate, kind="Gates")
    told = (await client.render_component(strange, WORLD)).outcome
    assert told.alternative == "acme.test/v2 Gate"


async def test_a_kind_of_the_whole_cluster_has_no_namespace(client: AdapterClient) -> None:
    zone = Component(api_version="acme.test/v1", kind="Zone", name="z", namespace="shop")
    made = await client.render_component(zone, WORLD)
    assert made.objects[0]["metadata"] == {"name": "z"}


async def test_objects_of_an_operation_are_rendered(client: AdapterClient) -> None:
    made = await client.render_operation("deny-all", WORLD)
    assert made.objects[0]["metadata"]["namespace"] == "shop"
    with pytest.raises(UnsupportedError):
        await client.render_operation("acme", WORLD)
    with pytest.raises(NotFoundError, match="no operation dance"):
        await client.render_operation("dance", WORLD)


async def test_checks_and_translations(client: AdapterClient) -> None:
    policy = {"kind": "Policy", "metadata": {"name": "api"}, "spec": {"attempts": 9}}
    (finding,) = await client.validate([policy])
    assert (finding.validator, finding.path) == ("attempts", "[0].spec.attempts")
    assert finding.hint == "3 is enough"
    with pytest.raises(NotFoundError, match="no check spelling"):
        await client.validate([policy], ["spelling"])
    made = await client.translate("istio", [policy, {"kind": "Zone"}])
    assert parse_behaviour(dict(made.documents[0])).name == "api"
    assert made.left == ("Zone has no equal",)
    with pytest.raises(NotFoundError, match="no way to consul"):
        await client.translate("consul", [])


async def test_an_operation_says_each_step_and_ends_with_its_result(
    client: AdapterClient, bench: Bench
) -> None:
    bench.go_on.set()
    words = await said(client, order(input={"replicas": 3}))
    assert [word for word in words if isinstance(word, StepStarted)] == [
        StepStarted("fetch", 1, 3),
        StepStarted("install", 2, 3),
        StepStarted("wait", 3, 3),
    ]
    assert Progress("fetch", 1, 2, "charts", "one") in words
    assert Told("info", "Installing", "acme-1.10.0") in words
    assert words[-1] == Finished("Acme Service Mesh", {"replicas": 3})
    assert bench.orders[0].version == "1.10.0", "the newest stable one, not the pre-release"


async def test_an_operation_goes_on_after_its_last_step(
    client: AdapterClient, bench: Bench
) -> None:
    words = client.operate(order())
    first = await until(words, StepFinished)
    assert isinstance(first, StepFinished)
    await words.aclose()  # type: ignore[attr-defined]
    bench.go_on.set()
    again = await said(client, order().after(first).again())
    assert again[0] == StepStarted("install", 2, 3)
    assert isinstance(again[-1], Finished)
    assert bench.done.count("fetch") == 1


async def test_a_silent_step_is_heard(client: AdapterClient, serving: Serving) -> None:
    words = client.operate(order("hang"))
    await until(words, Heartbeat)
    await until(words, Heartbeat)
    assert (await client.health()).operations == 1
    assert serving.operations == 1


async def test_a_cancelled_operation_ends_its_step_and_says_so(
    client: AdapterClient, bench: Bench
) -> None:
    words = client.operate(order("hang"))
    await until(words, StepFinished)
    assert await client.cancel("op-1")
    with pytest.raises(CancelledByUserError, match="op-1 was cancelled"):
        await until(words, Finished)
    await bench.cleaned.wait()
    assert not await client.cancel("op-1")


async def test_no_step_is_begun_after_one_that_would_not_be_cancelled(
    client: AdapterClient, bench: Bench
) -> None:
    words = client.operate(order("swallow"))
    await until(words, Heartbeat)
    await client.cancel("op-1")
    with pytest.raises(CancelledByUserError):
        await until(words, Finished)
    assert bench.done == ["swallow"]


async def test_what_was_done_to_its_end_is_done_though_it_was_cancelled(
    client: AdapterClient, bench: Bench
) -> None:
    words = client.operate(order("last"))
    await until(words, Heartbeat)
    await client.cancel("op-1")
    assert await until(words, Finished) == Finished("Last")


async def test_whoever_stops_listening_ends_the_operation(
    client: AdapterClient, bench: Bench, serving: Serving
) -> None:
    words = client.operate(order("hang"))
    await until(words, StepFinished)
    await words.aclose()  # type: ignore[attr-defined]
    await bench.cleaned.wait()
    await becomes(serving, 0)


async def test_a_later_call_takes_an_operation_over(client: AdapterClient, bench: Bench) -> None:
    before = client.operate(order("hang"))
    await until(before, Heartbeat)
    later = client.operate(order("hang", attempt=2))
    await until(later, Heartbeat)
    assert bench.cleaned.is_set()
    with pytest.raises(ConflictError, match="took the operation op-1 over"):
        await until(before, Finished)
    with pytest.raises(ConflictError, match="a later call"):
        await said(client, order("hang", attempt=1))


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        (order("dance"), NotFoundError, "no operation dance"),
        (order("custom"), UnsupportedError, "does not carry out custom"),
        (order("hang", is_removal=True), UnsupportedError, "cannot be removed"),
        (order(version="9.9.9"), InvalidInputError, r"no version 9\.9\.9"),
        (order(last_step="nap"), InvalidInputError, "no step nap"),
        (order(input={"replicas": "many"}), InvalidInputError, "input of acme"),
        (order("refuse"), InvalidInputError, "no such zone"),
        (order(operation_id=""), InvalidInputError, "no id"),
    ],
)
async def test_what_cannot_be_is_told_in_the_house_s_errors(
    client: AdapterClient, asked: Order, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await said(client, asked)


async def test_remedies_travel(client: AdapterClient) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await said(client, order("refuse"))
    assert (caught.value.cause, caught.value.remedy) == ("it is gone", "name another")


async def test_a_login_is_in_no_error_and_no_log(
    client: AdapterClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "a-very-secret-token-of-a-cluster"
    cluster = Cluster("here", f"users: [{{token: {secret}}}]")
    with pytest.raises(OperationFailedError, match="Fail failed") as caught:
        await said(client, order("fail", clusters=(cluster,)))
    assert "ValueError" in caught.value.cause
    assert secret not in repr(caught.value.as_dict())
    assert secret not in caplog.text
    assert secret not in repr(order(clusters=(cluster,)))


async def test_one_bad_call_ends_nothing_but_itself(client: AdapterClient) -> None:
    words = client.operate(order("hang"))
    await until(words, Heartbeat)
    cluster = Cluster("here", "none")
    with pytest.raises(OperationFailedError):
        await said(client, order("fail", operation_id="op-2", clusters=(cluster,)))
    await until(words, Heartbeat)
    assert (await client.health()).is_ready


async def test_a_request_that_is_no_message_is_refused(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with grpc.aio.insecure_channel(serving.address) as channel:
        call = channel.unary_unary("/meshery.adapter.v1.Adapter/Render")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caplog.text == ""


async def test_an_adapter_that_ends_says_that_the_operation_can_go_on(bench: Bench) -> None:
    stack = AsyncExitStack()
    serving = await stack.enter_async_context(serve(adapter(bench), port=0))
    async with AdapterClient(serving.address) as client, LegacyClient(serving.address) as legacy:
        events = legacy.events()
        heard = asyncio.ensure_future(anext(events))
        words = client.operate(order("hang"))
        await until(words, Heartbeat)
        await legacy.apply(order("hang", operation_id="op-2"))
        await becomes(serving, 2)
        ending = asyncio.create_task(stack.aclose())
        with pytest.raises(UnavailableError, match="the adapter is ending"):
            await until(words, Finished)
        event = await heard
        assert (event.operation_id, event.severity) == ("op-2", "error")
        assert event.details == "the adapter is ending"
        assert [each async for each in events] == [], "the stream ends as well"
        await ending
