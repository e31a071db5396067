"""The ways of a measurement through a sandbox: off the mesh, through a pair, through twin pairs.

A pair is a client sidecar and a server sidecar of its own in front of an application instance that
runs anyway; it exists only while it is measured. Its proxies are what is accounted for.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from meshery.behaviours.model import Behaviour
from meshery.core.errors import InvalidInputError
from meshery.operations.platform import Platform
from meshery.performance.functions import OpenTwin, Twin
from meshery.performance.model import FunctionsRequest, OverheadRequest
from meshery.performance.native.plan import EndpointPlan
from meshery.performance.overhead import Hop
from meshery.performance.rules import ROUTED_HEADER, ROUTED_VALUE, behaviours_of
from meshery.performance.targets import Facts
from meshery.sandbox.pairs import Pair, app_endpoint, close_pair, open_pair
from meshery.sandbox.service import SandboxService

Request = OverheadRequest | FunctionsRequest
_SIDECARS = ("client sidecar", "server sidecar")
_HEADERS = {ROUTED_HEADER: ROUTED_VALUE}


@asynccontextmanager
async def open_hop(
    platform: Platform, request: OverheadRequest, *, facts: Facts
) -> AsyncIterator[Hop]:
    """Both ways to one instance of the destination. NotFoundError for what is not there."""
    instance = await _instance(platform, request)
    host, port = await app_endpoint(platform, request.sandbox, instance)
    async with _pair(platform, request, instance) as pair:
        off = EndpointPlan(
            name=f"GET {request.path}",
            host=host,
            port=port,
            path=request.path,
            headers={"Host": pair.authority, **_HEADERS},
        )
        yield Hop(off=off, on=_through(pair, request), proxies=_proxies(pair), facts=facts)


def twin_opener(platform: Platform, request: FunctionsRequest) -> OpenTwin:
    """Opens the twin pairs of a function; both are fresh, so neither has a longer past."""

    @asynccontextmanager
    async def open_twin(function: str) -> AsyncIterator[Twin]:
        instance = await _instance(platform, request)
        rules = behaviours_of(function, source=request.source, destination=request.destination)
        plaintext = function == "mtls"
        async with AsyncExitStack() as stack:
            plain, other = [
                await stack.enter_async_context(pair)
                for pair in (
                    _pair(platform, request, instance, mtls=not plaintext),
                    _pair(platform, request, instance, behaviours=rules),
                )
            ]
            yield Twin(
                plain=_through(plain, request),
                with_function=_through(other, request),
                plain_proxies=_proxies(plain),
                with_proxies=_proxies(other),
            )

    return open_twin


@asynccontextmanager
async def _pair(
    platform: Platform,
    request: Request,
    instance: str,
    *,
    mtls: bool = True,
    behaviours: Sequence[Behaviour] = (),
) -> AsyncIterator[Pair]:
    name = f"measure-{uuid4().hex[:8]}"
    try:
        yield await open_pair(
            platform,
            request.sandbox,
            name=name,
            app_instance=instance,
            mtls=mtls,
            behaviours=tuple(behaviours),
            source=request.source,
        )
    finally:
        await asyncio.shield(close_pair(platform, request.sandbox, name))


def _through(pair: Pair, request: Request) -> EndpointPlan:
    return EndpointPlan(
        name=f"GET {request.path}",
        host=pair.url_host,
        port=pair.port,
        path=request.path,
        headers={"Host": pair.authority, **_HEADERS},
    )


def _proxies(pair: Pair) -> dict[str, int]:
    return dict(zip(_SIDECARS, pair.proxy_pids, strict=True))


async def _instance(platform: Platform, request: Request) -> str:
    """The first instance of the destination's first version; the same one for every arm."""
    world = await SandboxService(platform).world(request.sandbox)
    world.service(request.source)
    world.service(request.destination)
    for instance in world.instances_of(request.destination):
        if instance.has_app:
            return instance.name
    raise InvalidInputError(
        f"{request.destination} of sandbox {request.sandbox} has no application to measure",
        remedy="choose another destination",
        code="meshery.performance.no_application",
    )
