"""The generator `native`: the parent's side of an injector process.

It listens on a private Unix socket, has the process started, hands over the plan and yields what
comes. The totals of the final account are summed here, so that adding up costs the injector
nothing; their counts are checked against the injector's own.
"""

import asyncio
import contextlib
import select
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import msgspec

from meshery import __version__
from meshery.core.errors import UnsupportedError
from meshery.performance.generator import (
    Capabilities,
    GeneratorFailedError,
    GeneratorLostError,
    Probe,
)
from meshery.performance.native.frames import End, Frame, Hello, Refused, encode
from meshery.performance.native.inbox import read_frame
from meshery.performance.native.launch import Launch, Launched, as_child, run_name
from meshery.performance.native.plan import Plan, check_plan
from meshery.performance.native.totals import Totals
from meshery.performance.sample import Final, Sample, Second

_START_S = 20.0
_LOOK_S = 0.1
_SLACK_S = 30.0


class NativeGenerator:
    """Runs plans in an injector process, started by `launch`."""

    name: ClassVar[str] = "native"
    capabilities: ClassVar[Capabilities] = Capabilities(
        protocols=("http", "https"),
        open_loop=True,
        closed_loop=True,
        corrected=True,
        own_delay=True,
        arms=True,
        raw_samples=False,
        histogram="exact",
    )

    def __init__(self, launch: Launch = as_child) -> None:
        self._launch = launch

    async def probe(self) -> Probe:
        """It needs epoll and timerfd, that is Linux."""
        if hasattr(select, "epoll"):
            return Probe(available=True, version=__version__)
        return Probe(available=False, reason=f"needs Linux, this is {sys.platform}")

    async def run(self, plan: Plan) -> AsyncGenerator[Sample, None]:
        """Run the plan in a new process; see `LoadGenerator.run`. Ends the process in any case."""
        check_plan(plan)
        probe = await self.probe()
        if not probe.available:
            raise UnsupportedError(
                "The load generator native cannot run here",
                cause=probe.reason,
                remedy="run the load on a Linux host",
            )
        totals = Totals()
        async with self._conversation(plan) as frames:
            async for frame in frames:
                if isinstance(frame, Second):
                    totals.add(frame)
                if isinstance(frame, End):
                    yield _final(frame, totals)
                elif not isinstance(frame, Hello | Refused):
                    yield frame

    @asynccontextmanager
    async def _conversation(self, plan: Plan) -> AsyncIterator[AsyncGenerator[Frame, None]]:
        directory = Path(tempfile.mkdtemp(prefix="meshery-load-"))
        path = str(directory / "s")
        came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        came = asyncio.get_running_loop().create_future()

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if came.done():
                writer.close()
            else:
                came.set_result((reader, writer))

        server = await asyncio.start_unix_server(meet, path)
        launched: Launched | None = None
        try:
            try:
                launched = await self._launch(run_name(), path)
                reader, writer = await _arrival(came, launched)
            finally:  # the socket is open: whoever kills us now leaves nothing behind
                server.close()
                shutil.rmtree(directory, ignore_errors=True)
            async with contextlib.aclosing(_frames(reader, writer, plan, launched)) as frames:
                yield frames
        finally:
            if came.done() and not came.cancelled():
                came.result()[1].close()
            if launched is not None:
                await launched.stop()


async def _arrival(
    came: "asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]", launched: Launched
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_START_S):
            while not came.done():
                await asyncio.wait({came}, timeout=_LOOK_S)
                ending = None if came.done() else await launched.ending()
                if ending is not None:
                    raise GeneratorLostError(
                        "the load generator ended before it began",
                        cause=ending,
                        remedy="look into its log",
                    )
    except TimeoutError as error:
        raise GeneratorLostError(
            f"the load generator did not come up within {_START_S:g} s",
            cause="the host is overloaded, or the process was stopped",
            remedy="run it again when the host is quieter",
        ) from error
    return came.result()


async def _frames(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plan: Plan, launched: Launched
) -> AsyncGenerator[Frame, None]:
    """Every frame up to End; GeneratorFailedError when it refuses, GeneratorLostError without."""
    writer.write(encode(plan))
    patience_s = plan.warmup_s + plan.length_s + 3 * plan.timeout_s + _SLACK_S
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        frame = await _next(reader, deadline)
        if frame is None:
            cause = await _ending(launched)
            raise GeneratorLostError(
                "the load generator ended before its final account",
                cause=cause,
                remedy="run it again; what came until then is incomplete",
            )
        if isinstance(frame, Refused):
            raise GeneratorFailedError(frame.what, cause=frame.cause, remedy=frame.remedy)
        yield frame
        if isinstance(frame, End):
            return


async def _next(reader: asyncio.StreamReader, deadline: float) -> Frame | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await read_frame(reader)
    except TimeoutError as error:
        raise GeneratorLostError(
            "the load generator stopped answering",
            cause="the process hangs or was stopped",
            remedy="run it again",
        ) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise GeneratorLostError(
            "the load generator sent what is no frame",
            cause=str(error),
            remedy="the injector must be of the same version as the server",
        ) from error


async def _ending(launched: Launched) -> str:
    for _ in range(10):
        ending = await launched.ending()
        if ending is not None:
            return ending
        await asyncio.sleep(_LOOK_S)
    return "it closed its connection"


def _final(end: End, totals: Totals) -> Final:
    completed = totals.completed()
    if any(completed.get(arm, 0) != count for arm, count in end.completed.items()):
        raise GeneratorLostError(
            "the load generator's seconds do not add up to its account",
            cause=f"seconds {completed}, account {end.completed}",
            remedy="run it again and report this",
        )
    return Final(
        arms=totals.arms(end.planned),
        warmup=end.warmup,
        health=totals.judged(end.health),
        slowest=end.slowest,
        ended=end.ended,
        scheduling=end.scheduling,
        connections=end.connections,
    )
