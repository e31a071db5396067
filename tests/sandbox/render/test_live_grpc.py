"""gRPC through real sidecars to an application that echoes it."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from meshery.sandbox.model import GatewayRoute
from sandbox.harness import Mesh, behaviour, running, service, tiny_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEB = "web-v1-0"
METHOD = "/any.Service/Method"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    directory = tmp_path_factory.mktemp("g")
    world = tiny_world(
        directory,
        [service("web", calls=("api",)), service("gateway"), service("api"), service("plain")],
        roles={"web": "client", "gateway": "gateway"},
        gateway_routes=(GatewayRoute("api"),),
        rpc={"api"},
    )
    async with running(world, directory) as mesh:
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def mesh(shared: Mesh) -> AsyncIterator[Mesh]:
    yield shared
    await shared.apply()


async def call(port: int, *, to: str = "api") -> tuple[bytes, dict[str, Any]]:
    """A message's echo and the metadata that came with it; grpc.RpcError when there is none."""
    options = (("grpc.default_authority", to),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        sent = channel.unary_unary(METHOD)(b"hello", metadata=(("x-user", "ann"),), timeout=10)
        return await sent, dict(await sent.initial_metadata())


async def code_of(port: int) -> grpc.StatusCode:
    try:
        await call(port)
    except grpc.aio.AioRpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


async def test_a_call_travels_by_both_sidecars_with_the_callers_identity(mesh: Mesh) -> None:
    echo, metadata = await call(mesh.world.instance(WEB).outbound_port)
    assert echo == b"hello"
    assert (metadata["x-user"], metadata["x-served-by"]) == ("ann", "api-v1-0")
    identity = mesh.world.identity("web")
    assert f"URI={identity}" in metadata["x-forwarded-client-cert"]
    assert (await mesh.get(WEB, to="api")).headers["x-served-by"] == "api-v1-0"


async def test_a_call_comes_in_by_the_gateway(mesh: Mesh) -> None:
    echo, metadata = await call(mesh.world.instance("gateway-v1-0").inbound_port, to="shop.test")
    assert (echo, metadata["x-served-by"]) == (b"hello", "api-v1-0")


async def test_off_the_mesh_nobody_has_an_identity(mesh: Mesh) -> None:
    echo, metadata = await call(mesh.world.instance("api-v1-0").echo_ports["grpc"])
    assert echo == b"hello"
    assert "x-forwarded-client-cert" not in metadata


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        ("fault", {"abort": {"grpcStatus": 14}}, grpc.StatusCode.UNAVAILABLE),
        ("fault", {"abort": {"status": 401}}, grpc.StatusCode.UNAUTHENTICATED),
        (
            "access",
            {"action": "deny", "from": [{"identity": "web"}]},
            grpc.StatusCode.PERMISSION_DENIED,
        ),
        ("timeout", {"request": "1ms"}, grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_behaviours_hold_for_calls_too(
    mesh: Mesh, kind: str, params: dict[str, Any], code: grpc.StatusCode
) -> None:
    port = mesh.world.instance(WEB).outbound_port
    slow = behaviour("fault", "api", {"delay": {"duration": "300ms"}}, name="slow")
    beside = (slow,) if kind == "timeout" else ()
    await mesh.apply(behaviour(kind, "api", params), *beside)
    assert await code_of(port) is code
    await mesh.apply()
    assert await code_of(port) is grpc.StatusCode.OK


async def test_a_service_without_a_port_for_it_serves_no_grpc(mesh: Mesh) -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await call(mesh.world.instance(WEB).outbound_port, to="plain")
