"""Watches over the sandboxes of this host, from its worker.

Two loops. One follows the supervisor's events and tells, as events of ours, which sidecar or
application ended and when it serves again. The other compares what should run with what runs: a
sandbox whose processes are gone is called `lost` and restored by an operation, leaves older than
half their life are renewed, pairs of dead owners are closed, and processes of no sandbox ended.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from meshery.core.durations import parse_duration
from meshery.core.errors import ConflictError, DeadlineError, MesheryError
from meshery.core.telemetry import get_logger
from meshery.operations.keepers import Keeper
from meshery.operations.model import OperationState, Subject
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.processes.model import ProcessEvent, ProcessStatus
from meshery.sandbox.layout import Places, process_names
from meshery.sandbox.lifecycle import Lifecycle
from meshery.sandbox.pairs import close_abandoned
from meshery.sandbox.runner import Runner, supervisor_of
from meshery.sandbox.store import SandboxRow, Store
from meshery.sandbox.target import SandboxTarget

CATEGORY = "sandbox"
ACTOR = "system"

_ROUND_S = 1.0
_BACK_S = 10.0
_SPANS = 20  # of a certificate's life: the ten of its second half are ten tries
_GROUP = "sandbox"

_log = get_logger("sandbox.keeper")


async def tell_restarts(platform: Platform) -> None:
    """Follow the supervisor; each end of a process that was not asked for becomes events."""
    supervisor = supervisor_of(platform)
    seq, epoch = await _newest(platform), await supervisor.epoch()
    async with asyncio.TaskGroup() as group:
        async for event in supervisor.watch(prefix=_GROUP, after=seq, epoch=epoch):
            if event.what in {"exited", "gave_up"} and not event.wanted:
                group.create_task(_tell_if_possible(platform, event), name=f"tell {event.name}")


async def keep(platform: Platform) -> None:
    """Compare what should run with what runs, about each second."""
    await settle_all(platform)
    while True:
        await keep_once(platform)
        await asyncio.sleep(_ROUND_S)


async def keep_once(platform: Platform) -> None:
    """One round; what goes wrong with one sandbox does not keep the others waiting."""
    await close_abandoned(platform)
    running = await supervisor_of(platform).list(_GROUP)
    rows = await Store(platform.database).all(host=platform.host)
    await _end_strays(platform, rows, running)
    for row in rows:
        try:
            await _keep_one(platform, row, running)
        except MesheryError as error:
            _log.warning("sandbox.keep_failed", sandbox=row.name, what=error.what)


async def settle_all(platform: Platform) -> None:
    """After this process began: files as the store says, should a change have been cut off."""
    for row in await Store(platform.database).all(host=platform.host):
        if row.phase == "up":
            with contextlib.suppress(MesheryError):
                await SandboxTarget(platform, row.name).settle(timeout_s=2.0)


async def _keep_one(platform: Platform, row: SandboxRow, running: Sequence[ProcessStatus]) -> None:
    if row.phase == "up":
        names = {process.name for process in running}
        world = await Lifecycle(platform, row.name).world()
        wanted = [name for each in world.instances for name in process_names(row.name, each)]
        if not any(name in names for name in wanted):
            await _lose(platform, row)
        elif all(name in names for name in wanted):
            await _renew(platform, row)
        elif not await _busy(platform, row.name):
            await _lose(platform, row)
    elif row.phase in {"starting", "stopping"} and not await _busy(platform, row.name):
        await Store(platform.database).set(
            row.name, phase="lost", reason=f"it was {row.phase} when its operation ended"
        )


async def _lose(platform: Platform, row: SandboxRow) -> None:
    """Call it lost, say so, and have it restored."""
    subject = Subject("sandbox", row.name, row.name)
    await Store(platform.database).set(row.name, phase="lost", reason="its processes are gone")
    await platform.events.emit(
        category=CATEGORY,
        severity="warning",
        subject=subject,
        text=f"Sandbox {row.name} lost its processes; it is being restored",
    )
    await platform.operations.submit(
        "sandbox.restore",
        subject=subject,
        input={"sandbox": row.name},
        actor=ACTOR,
        host=row.host,
    )


async def _renew(platform: Platform, row: SandboxRow) -> None:
    """Renew all leaves at half of their life; a renewal that failed is tried again in time."""
    lifetime_s = parse_duration(platform.settings.sandbox.certificate_lifetime)
    rotated_at = row.rotated_at or row.created_at
    age_s = (await platform.database.now() - rotated_at).total_seconds()
    if age_s < lifetime_s / 2 or await _busy(platform, row.name):
        return
    # One for each span of time, whoever asks: a key that stayed would give the failed one again.
    span = int(age_s / (lifetime_s / _SPANS))
    await platform.operations.submit(
        "sandbox.rotate",
        subject=Subject("sandbox", row.name, row.name),
        input={"sandbox": row.name, "renew": True},
        actor=ACTOR,
        host=row.host,
        idempotency_key=f"{row.name} {rotated_at.isoformat()} {span}",
    )


async def _end_strays(
    platform: Platform, rows: Sequence[SandboxRow], running: Sequence[ProcessStatus]
) -> None:
    """End processes of sandboxes that are no longer kept."""
    kept = {row.name for row in rows}
    for name in {process.name.split("/")[1] for process in running} - kept:
        if await Store(platform.database).find(name) is None:
            await Lifecycle(platform, name).remove()


async def _busy(platform: Platform, name: str) -> bool:
    """Whether an operation works on a sandbox."""
    active = tuple(state for state in OperationState if not state.is_final)
    only = OperationFilter(states=active, subject_kind="sandbox", subject_id=name)
    found = await platform.operations.list(only=only)
    return any(operation.kind.startswith("sandbox.") for operation in found.items)


async def _newest(platform: Platform) -> int:
    """The place of the newest event, so that only later ones are told."""
    newest = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            async for event in supervisor_of(platform).watch(prefix=_GROUP):
                newest = event.seq
    return newest


async def _tell_if_possible(platform: Platform, event: ProcessEvent) -> None:
    """As `_tell`; what fails for one process does not end the watch of the others."""
    try:
        await _tell(platform, event)
    except MesheryError as error:
        _log.warning("sandbox.restart_not_told", process=event.name, what=error.what)


async def _tell(platform: Platform, event: ProcessEvent) -> None:
    """Say that a process ended, then that it serves again."""
    _, sandbox, instance, part = event.name.split("/")
    row = await Store(platform.database).find(sandbox)
    if row is None or row.phase != "up" or instance.startswith("pair-"):
        return
    what = "sidecar" if part == "proxy" else "application"
    how = f"was killed by signal {event.signal}" if event.signal else f"ended ({event.exit_code})"
    subject = Subject("sandbox", sandbox, sandbox)
    await platform.events.emit(
        category=CATEGORY,
        severity="warning",
        subject=subject,
        text=f"The {what} of {instance} {how}",
    )
    if event.what == "gave_up":
        return
    started = asyncio.get_running_loop().time()
    world = await Lifecycle(platform, sandbox).world()
    runner = Runner(platform, world, Places(platform.settings.home_path, sandbox))
    try:
        await runner.wait_ready([world.instance(instance)], timeout_s=_BACK_S)
    except (ConflictError, DeadlineError) as error:
        await platform.events.emit(
            category=CATEGORY,
            severity="error",
            subject=subject,
            text=f"The {what} of {instance} does not come back",
            error=error,
        )
        return
    took_s = asyncio.get_running_loop().time() - started
    await platform.events.emit(
        category=CATEGORY,
        severity="info",
        subject=subject,
        text=f"The {what} of {instance} is back after {took_s:.1f} s",
    )


KEEPERS = (
    Keeper("sandbox.restarts", tell_restarts, singleton=False),
    Keeper("sandbox.keep", keep, singleton=False),
)
