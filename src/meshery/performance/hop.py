"""The ways of a measurement through a sandbox: off the mesh, through a pair, through twin pairs.

A pair is a client sidecar and a server sidecar of its own in front of an application instance that
runs anyway; it exists only while it is measured. Its proxies are what is accounted for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from meshery.core.errors import InvalidInputError
from meshery.operations.platform import Platform
from meshery.performance.functions import OpenTwins, Twins, Way
from meshery.performance.model import FunctionsRequest, OverheadRequest
from meshery.performance.native.plan import EndpointPlan
from meshery.performance.overhead import Hop
from meshery.performance.rules import ROUTED_HEADER, ROUTED_VALUE, behaviours_of
from meshery.performance.targets import Facts
from meshery.sandbox.pairs import (
    Pair,
    Traits,
    app_endpoint,
    change_pair,
    close_pair,
    open_pair,
)
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


def twin_opener(platform: Platform, request: FunctionsRequest) -> OpenTwins:
    """Opens the twin pairs of a function; both are fresh, so neither has a longer past."""

    @asynccontextmanager
    async def open_twins(function: str) -> AsyncIterator[Twins]:
        instance = await _instance(platform, request)
        plain, other = _traits(function, request)
        async with (
            _pair(platform, request, instance, plain) as first,
            _pair(platform, request, instance, other) as second,
        ):
            yield Twins(
                plain=Way(_through(first, request), _proxies(first)),
                with_function=Way(_through(second, request), _proxies(second)),
                swap=_swap(platform, request.sandbox, (first, plain), (second, other)),
            )

    return open_twins


def _traits(function: str, request: FunctionsRequest) -> tuple[Traits, Traits]:
    """What the plain pair of a function does, and what the other one does."""
    rules = behaviours_of(function, source=request.source, destination=request.destination)
    return Traits(mtls=function != "mtls"), Traits(behaviours=rules)


def _swap(
    platform: Platform, sandbox: str, first: tuple[Pair, Traits], second: tuple[Pair, Traits]
) -> Callable[[], Awaitable[None]]:
    """Gives each pair the other's traits, every time it is called."""
    pairs = (first[0], second[0])
    traits = [first[1], second[1]]

    async def swap() -> None:
        traits.reverse()
        changes = zip(pairs, traits, strict=True)
        await asyncio.gather(*(change_pair(platform, sandbox, *change) for change in changes))

    return swap


@asynccontextmanager
async def _pair(
    platform: Platform,
    request: Request,
    instance: str,
    traits: Traits = Traits(),  # noqa: B008 - frozen
) -> AsyncIterator[Pair]:
    name = f"measure-{uuid4().hex[:8]}"
    try:
        yield await open_pair(
            platform,
            request.sandbox,
            name=name,
            app_instance=instance,
            traits=traits,
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
