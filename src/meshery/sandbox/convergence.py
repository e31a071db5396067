"""Brings what runs from one world to the next, or leaves it at the first.

Instances that are new start first and those that are gone end last, so that every route always
leads to something that answers.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from meshery.operations.platform import Platform
from meshery.sandbox.envoy.xds import apply_world
from meshery.sandbox.layout import Places
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.application import app_config
from meshery.sandbox.render.bootstrap import render_bootstrap
from meshery.sandbox.render.world import SidecarConfig, render_world
from meshery.sandbox.runner import Runner

_BACK_S = 8.0

Rendered = Mapping[str, SidecarConfig]


@asynccontextmanager
async def converging(
    platform: Platform, places: Places, before: World, after: World, *, timeout_s: float
) -> AsyncIterator[None]:
    """`after` is in effect within the context, and stays when it is left without an error.

    RejectedError with Envoy's reason, DeadlineError, ConflictError for a taken port; then, and when
    the body fails or is cancelled, `before` is in effect again.
    """
    new, known = render_world(after), {each.name for each in before.instances}
    added = [each for each in after.instances if each.name not in known]
    removed = [each for each in before.instances if each.name not in new]
    kept = known & new.keys()
    runner = Runner(platform, after, places)
    try:
        if added:
            runner.prepare(added)
            await runner.start(added)
            await runner.wait_ready(added, timeout_s=timeout_s)
        await _deliver(runner, {name: new[name] for name in kept}, timeout_s=timeout_s)
        yield
    except BaseException:
        await _finish(_go_back(runner, before, kept, added))
        raise
    restarted = [
        each
        for each in after.instances
        if each.name in kept and _starts_otherwise(before, after, each)
    ]
    ending = Runner(platform, before, places) if removed else None
    await _finish(_settle(runner, restarted, ending, removed, timeout_s=timeout_s))


async def deliver_world(
    platform: Platform, places: Places, world: World, *, timeout_s: float
) -> None:
    """Bring the files of running sidecars to what the world says; nothing happens if they are."""
    await _deliver(Runner(platform, world, places), render_world(world), timeout_s=timeout_s)


async def _deliver(runner: Runner, configs: Rendered, *, timeout_s: float) -> None:
    await apply_world(configs, sidecars=runner.sidecars, timeout_s=timeout_s)


async def _go_back(runner: Runner, before: World, kept: set[str], added: list[Instance]) -> None:
    old = {name: config for name, config in render_world(before).items() if name in kept}
    async with asyncio.timeout(_BACK_S):
        await _deliver(runner, old, timeout_s=_BACK_S)
        if added:
            await runner.stop(added)
            await _forget(added)


async def _settle(
    runner: Runner,
    restarted: list[Instance],
    ending: Runner | None,
    removed: list[Instance],
    *,
    timeout_s: float,
) -> None:
    """What may only happen once the change is sure: restarts, and the end of what is gone."""
    if restarted:
        runner.prepare(restarted)
        await runner.start(restarted)
        await runner.wait_ready(restarted, timeout_s=timeout_s)
    if ending is not None:
        await ending.stop(removed)
        await _forget(removed)


async def _finish(work: Coroutine[None, None, None]) -> None:
    """Finish `work` even when the caller is cancelled meanwhile; then the cancel goes on."""
    task = asyncio.create_task(work, name="converge")
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_BACK_S)
        raise


async def _forget(instances: Iterable[Instance]) -> None:
    for instance in instances:
        await asyncio.to_thread(shutil.rmtree, Path(instance.directory), ignore_errors=True)


def _starts_otherwise(before: World, after: World, instance: Instance) -> bool:
    """Whether what its processes read at their start has changed."""
    was = before.instance(instance.name)
    if render_bootstrap(before, was) != render_bootstrap(after, instance):
        return True
    return instance.has_app and app_config(before, was) != app_config(after, instance)
