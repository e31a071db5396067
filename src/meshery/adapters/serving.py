"""An adapter on its port: both contracts, the standard health service, reflection, a clean end.

    async with serve(Adapter(ACME), port=10100) as serving:
        print(serving.address)
        await serving.wait()

`run(adapter)` is the same as a program, configured by its arguments and environment.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from typing import Any

import grpc
import grpc.aio
import msgspec
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from meshery._proto.meshery.adapter.v1 import adapter_pb2
from meshery._proto.meshes import meshops_pb2
from meshery.adapters.contract import Contract
from meshery.adapters.legacy import Legacy
from meshery.adapters.library import Adapter
from meshery.adapters.mesh import Mesh
from meshery.adapters.model import Description
from meshery.adapters.operating import Operating
from meshery.adapters.registration import Registration, register
from meshery.adapters.releases import Releases
from meshery.adapters.rpc import OPTIONS, handler_of
from meshery.adapters.security import ServerSecurity
from meshery.core.errors import ConflictError, MesheryError

ADAPTER_SERVICE: Any = adapter_pb2.DESCRIPTOR.services_by_name["Adapter"]
MESH_SERVICE: Any = meshops_pb2.DESCRIPTOR.services_by_name["MeshService"]

MOST_CALLS = 1_000
"""Calls at once, streams included; more are refused, and may come again."""

END_GRACE_S = 3.0

_OPTIONS = (
    *OPTIONS,
    ("grpc.so_reuseport", 0),  # two processes would share a port in silence
    # Whoever vanished without a word is found out, and their operations end.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

_log = logging.getLogger("meshery.adapters")


class Serving:
    """An adapter while it is served."""

    def __init__(self, adapter: Adapter, releases: Releases) -> None:
        operating = Operating(adapter)
        contract = Contract(adapter, operating, lambda: releases.current)
        self.adapter = adapter
        self.releases = releases
        self.host = ""
        self.port = 0
        self._contract = contract
        self._legacy = Legacy(adapter, operating, lambda: contract.description)
        self._operating = operating
        self._server: Any = None
        self._health = health.aio.HealthServicer()

    @property
    def address(self) -> str:
        """Where it answers, `host:port`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def description(self) -> Description:
        """What it says of itself now."""
        return self._contract.description

    @property
    def operations(self) -> int:
        """How many operations run."""
        return self._operating.count

    @property
    def listeners(self) -> int:
        """How many listen to events of the original's contract."""
        return self._legacy.listeners

    async def wait(self) -> None:
        """Until it is ended."""
        await self._server.wait_for_termination()

    async def start(self, host: str, port: int, security: ServerSecurity) -> None:
        """Listen. ConflictError when the port is taken, ForbiddenError without protection."""
        security.check(host)
        server = self._server = grpc.aio.server(
            handlers=(
                handler_of(ADAPTER_SERVICE, self._contract.methods()),
                handler_of(MESH_SERVICE, self._legacy.methods()),
            ),
            interceptors=security.interceptors(),
            options=_OPTIONS,
            maximum_concurrent_rpcs=MOST_CALLS,
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [ADAPTER_SERVICE.full_name, MESH_SERVICE.full_name, health.SERVICE_NAME]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        self.host = host
        self.port = _bound(server, self._place(host, port), security)
        for name in ["", *names]:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        await server.start()

    async def stop(self) -> None:
        """Take no more calls, end operations and streams, and let what is short come to its end."""
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        stopping = asyncio.ensure_future(self._server.stop(END_GRACE_S))
        await self._operating.close()
        await self._legacy.close()
        await stopping

    @staticmethod
    def _place(host: str, port: int) -> str:
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.asynccontextmanager
async def serve(
    adapter: Adapter | Mesh,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    security: ServerSecurity | None = None,
    refresh_s: float = 0,
    registered: Collection[str] = (),
    registration: Registration | None = None,
) -> AsyncIterator[Serving]:
    """Serve an adapter until the end of the block, at its mesh's own port unless another is given.

    Port 0 takes a free one. Every `refresh_s` the vendor's index is asked for versions; 0: never.
    `registered` holds `host:port` pairs of indexes that may be private. With `registration` a
    server is told, in the background, and again when the description changed.

    ConflictError when the port is taken; ForbiddenError for an address that others reach, without
    protection.
    """
    made = Adapter(adapter) if isinstance(adapter, Mesh) else adapter
    serving = Serving(made, Releases(made.mesh, registered=registered))
    await serving.start(
        host, made.mesh.port if port is None else port, security or ServerSecurity()
    )
    if registration is not None and registration.address.endswith(":0"):
        address = f"{registration.address.removesuffix('0')}{serving.port}"
        registration = msgspec.structs.replace(registration, address=address)
    keeping = asyncio.create_task(_keep(serving, refresh_s, registration), name="keep")
    try:
        yield serving
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await serving.stop()


async def _keep(serving: Serving, every_s: float, registration: Registration | None) -> None:
    """Ask for versions now and then, and tell a server what the adapter says of itself."""
    told = ""
    while True:
        if every_s:
            await serving.releases.refresh()
        digest = serving.description.digest
        if registration is not None and told != digest:
            await _tell(serving.description, registration)
            told = digest
        if not every_s:
            return
        await asyncio.sleep(every_s)


async def _tell(description: Description, registration: Registration) -> None:
    try:
        done = await register(description, registration)
    except MesheryError as error:
        _log.error("registration of %s failed: %s (%s)", description.name, error.what, error.cause)
    else:
        _log.info("%s is registered at %s: %s", description.name, registration.server, done.way)


def _bound(server: Any, place: str, security: ServerSecurity) -> int:
    credentials = security.credentials()
    try:
        if credentials is None:
            return int(server.add_insecure_port(place))
        return int(server.add_secure_port(place, credentials))
    except RuntimeError as error:
        raise ConflictError(
            f"the adapter cannot listen at {place}",
            cause="the port is taken, or the address is not of this machine",
            remedy="give it another port",
            code="meshery.adapter.port",
        ) from error
