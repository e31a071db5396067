"""Checks of what every gRPC service of ours has: health, reflection, and that it stands."""

import asyncio

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from meshery.adapters.checking import Check, Finding, Probe, Skipped, demand
from meshery.adapters.client import AdapterClient
from meshery.adapters.rpc import OPTIONS
from meshery.core.errors import MesheryError

_AT_ONCE = 50
_TIMEOUT_S = 10.0


async def _health(probe: Probe) -> None:
    _ = probe.described
    async with probe.security.channel(probe.address, OPTIONS) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise Finding(f"grpc.health.v1.Health answered {error.code().name}") from error
    serving = health_pb2.HealthCheckResponse.SERVING
    demand(answer.status == serving, f"the status is {answer.status}, not SERVING")


async def _reflection(probe: Probe) -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    metadata = probe.security.metadata()
    async with probe.security.channel(probe.address, OPTIONS) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(iter([asked]), timeout=_TIMEOUT_S, metadata=metadata)
        try:
            answers = [each async for each in call]
        except grpc.aio.AioRpcError as error:
            raise Finding(f"reflection answered {error.code().name}") from error
    names = {one.name for each in answers for one in each.list_services_response.service}
    wanted = {"meshes.MeshService"}
    if probe.description is not None:
        wanted.add("meshery.adapter.v1.Adapter")
    demand(wanted <= names, f"{', '.join(sorted(wanted - names))} is not among what it lists")


async def _garbage(probe: Probe) -> None:
    _ = probe.described
    metadata = probe.security.metadata()
    async with probe.security.channel(probe.address, OPTIONS) as channel:
        call = channel.unary_unary("/meshery.adapter.v1.Adapter/Render")
        try:
            await call(b"\xff\xfe no message", timeout=_TIMEOUT_S, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            code = error.code()
            lost = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
            demand(code not in lost, f"a request that is no message answered {code.name}")
        else:
            raise Finding("a request that is no message was accepted")
    demand((await probe.client.health()).is_ready, "it is not ready any more afterwards")


async def _at_once(probe: Probe) -> None:
    _ = probe.described
    answers = await asyncio.gather(
        *(probe.client.health() for _ in range(_AT_ONCE)), return_exceptions=True
    )
    failed = [each for each in answers if isinstance(each, BaseException)]
    demand(not failed, f"{len(failed)} of {_AT_ONCE} calls at once failed: {failed[:1]}")


async def _token(probe: Probe) -> None:
    _ = probe.described
    if not probe.security.token:
        raise Skipped("no token was given")
    wrong = probe.security.with_token("not-the-token")
    async with AdapterClient(probe.address, security=wrong) as stranger:
        try:
            await stranger.describe()
        except MesheryError as error:
            demand(error.http_status == 401, f"a wrong token answered {type(error).__name__}")
        else:
            raise Finding("a wrong token was accepted")


STANDARD = (
    Check("health", "The standard health service says that it serves.", _health),
    Check("reflection", "Reflection lists its services.", _reflection),
    Check("token", "A wrong token is refused, where there is one.", _token),
    Check("garbage", "What is no message is refused, and ends nothing else.", _garbage),
    Check("at-once", f"{_AT_ONCE} calls at once are all answered.", _at_once),
)
