"""Events of an adapter per second, against the original's stream, which rests after each.

Both are gRPC servers in this process, and one client listens to each in turn. The original's waits
500 ms after every event it sends, as its library does; ours waits for nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from harness import Strangers, claim, in_turn, medians, show

from meshery._proto.meshes import meshops_pb2 as pb
from meshery.adapters.feed import Feed
from meshery.adapters.legacy_client import LegacyClient
from meshery.adapters.rpc import handler_of
from meshery.adapters.serving import MESH_SERVICE

ROUNDS = 3
EVENTS = 20_000
RESTING_EVENTS = 6
REST_S = 0.5
TARGET = 100.0

Publish = Callable[[int], Awaitable[None]]


def main() -> None:
    """Measure, print rows and the claim."""
    strangers = Strangers()
    taken = in_turn(
        {
            "ours": lambda: asyncio.run(rate(EVENTS, rest_s=0)),
            "resting": lambda: asyncio.run(rate(RESTING_EVENTS, rest_s=REST_S)),
        },
        rounds=ROUNDS,
    )
    rates = medians(taken)
    for name, per_s in rates.items():
        show(f"{name:<10} {per_s:12,.1f} events/s")
    ratio = rates["ours"] / rates["resting"]
    claim(
        "events of an adapter's stream",
        ratio=ratio,
        target=f">= {TARGET:g}",
        met=ratio >= TARGET,
        detail=f"{rates['ours']:,.0f} against {rates['resting']:,.1f} events/s",
        foreign=strangers.share(),
    )


async def rate(count: int, *, rest_s: float) -> float:
    """Events per second that arrive, of a server that rests so long after each."""
    feed: Feed[Any] = Feed(most_waiting=count)

    async def stream(_request: Any, context: Any) -> AsyncIterator[Any]:
        with feed.listening() as listener:
            await context.send_initial_metadata(())
            async for event in listener:
                yield event
                if rest_s:
                    await asyncio.sleep(rest_s)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler_of(MESH_SERVICE, {"StreamEvents": stream}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with LegacyClient(f"127.0.0.1:{port}") as client:
        listening = asyncio.create_task(_listen(client, count))
        while not feed.listeners:  # noqa: ASYNC110 - it is there in a moment
            await asyncio.sleep(0.01)
        began = time.perf_counter()
        for number in range(count):
            feed.publish(pb.EventsResponse(summary="said", operation_id=str(number)))
        await listening
        taken_s = time.perf_counter() - began
    await server.stop(None)
    return count / taken_s


async def _listen(client: LegacyClient, count: int) -> None:
    async for _ in client.events():
        count -= 1
        if not count:
            return


if __name__ == "__main__":
    main()
