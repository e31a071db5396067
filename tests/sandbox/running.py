"""A sandbox that runs for a while, without the operations around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from meshery.core.yamlfile import parse_yaml
from meshery.operations.platform import Platform
from meshery.sandbox.lifecycle import Lifecycle, Started
from meshery.sandbox.spec import SandboxSpec, bundled_spec, parse_spec


def spec_of(text: str) -> SandboxSpec:
    """A bundled spec by name, or one written out."""
    is_name = "\n" not in text
    return bundled_spec(text) if is_name else parse_spec(parse_yaml(text, source="the test"))


async def start(life: Lifecycle, spec: SandboxSpec) -> Started:
    async def tell(_done: int, _total: int) -> None:
        pass

    await life.check(spec)
    await life.reserve(spec, owner=str(uuid4()))
    began_at = await life.configure()
    took_s = await life.start_sidecars(began_at=began_at)
    await life.start_applications()
    return await life.wait_ready(began_at=began_at, sidecars_ready_s=took_s, on_ready=tell)


@asynccontextmanager
async def running_sandbox(platform: Platform, text: str) -> AsyncIterator[Lifecycle]:
    spec = spec_of(text)
    life = Lifecycle(platform, spec.name)
    try:
        await start(life, spec)
        yield life
    finally:
        await life.remove()
