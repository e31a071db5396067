"""The operations of sandboxes: up, down, apply, undo, rotate, restore, as named steps.

A cancel leaves nothing half done: what was being started is taken away again, what was being
changed is as before. When this worker is stopped or lost instead, another one goes on with the
first unfinished step, so nothing is cleaned up then: the operation's state tells the two apart.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from meshery.apply.target import Change, Ref
from meshery.core.errors import MesheryError
from meshery.operations.ending import bounded, is_over
from meshery.operations.model import OwnerLoss, WorkKind
from meshery.operations.run import Run
from meshery.sandbox.envoy.secrets import renew, rotate
from meshery.sandbox.lifecycle import Lifecycle, Started
from meshery.sandbox.runner import Runner, open_authority
from meshery.sandbox.spec import spec_from_object
from meshery.sandbox.target import SandboxTarget

CATEGORY = "sandbox"

_CLEAN_UP_S = 9.0


async def up(run: Run) -> dict[str, Any]:
    """Start a sandbox from its spec; nothing of it is left when that fails or is cancelled."""
    spec = spec_from_object(run.input["spec"])
    life = Lifecycle(run.platform, spec.name)
    owner = run.operation.id
    try:
        await run.step("check", lambda: life.check(spec))
        await run.step("reserve", lambda: life.reserve(spec, owner=owner))
        started = await _start(run, life)
    except BaseException as error:
        if await is_over(run, error):
            await bounded(_take_away(life, owner), within_s=_CLEAN_UP_S)
        raise
    await run.event("info", f"Sandbox {spec.name} is up: {_told(started)}", category=CATEGORY)
    return _document(started)


async def restore(run: Run) -> dict[str, Any]:
    """Start the processes of a sandbox again; it stays `lost`, with the reason, if that fails."""
    life = Lifecycle(run.platform, run.input["sandbox"])
    name = run.operation.subject.name
    try:
        await run.step("mark", lambda: life.store.set(name, phase="starting", reason=""))
        await run.step("ports", life.move)
        started = await _start(run, life)
    except BaseException as error:
        if await is_over(run, error):
            await bounded(_call_lost(life, name, error), within_s=_CLEAN_UP_S)
        raise
    await run.event("info", f"Sandbox {name} is restored: {_told(started)}", category=CATEGORY)
    return _document(started)


async def down(run: Run) -> dict[str, Any]:
    """Drain and stop a sandbox, and forget it. Once begun it is finished, cancelled or not."""
    name = run.input["sandbox"]
    life = Lifecycle(run.platform, name)
    try:
        await run.step("mark", lambda: life.store.set(name, phase="stopping", reason=""))
        await run.step("drain", lambda: _drain(life))
        await run.step("remove", life.remove)
    except BaseException as error:
        if await is_over(run, error):
            await bounded(life.remove(), within_s=_CLEAN_UP_S)
        raise
    await run.event("info", f"Sandbox {name} is down", category=CATEGORY)
    return {"name": name}


async def apply(run: Run) -> dict[str, Any]:
    """Apply objects; done when every sidecar that carries them has acknowledged."""
    name, objects = run.input["sandbox"], run.input["objects"]
    target = SandboxTarget(run.platform, name)

    async def put() -> Any:
        return _plain(await target.apply(objects))

    changes = await run.step("deliver", put)
    await run.event("info", f"Applied in {name}: {_names(changes)}", category=CATEGORY)
    return {"name": name, "changes": changes}


async def undo(run: Run) -> dict[str, Any]:
    """Take objects away; done when every sidecar that carried them has acknowledged."""
    name = run.input["sandbox"]
    refs = msgspec.convert(run.input["refs"], list[Ref])
    target = SandboxTarget(run.platform, name)

    async def take_away() -> Any:
        held = [ref for ref in refs if await target.has(ref)] if is_again else refs
        return _plain(await target.delete_all(held))

    is_again = any(step.name == "deliver" for step in run.operation.steps)
    changes = await run.step("deliver", take_away)
    await run.event("info", f"Undone in {name}: {_names(changes)}", category=CATEGORY)
    return {"name": name, "changes": changes}


async def rotate_certificates(run: Run) -> dict[str, Any]:
    """New certificates for all sidecars, of a new authority unless `renew` asks for leaves only."""
    name = run.input["sandbox"]
    life = Lifecycle(run.platform, name)

    async def work() -> None:
        world = await life.world()
        runner = Runner(run.platform, world, life.places)
        verb = renew if run.input.get("renew") else rotate
        await verb(
            open_authority(life.places),
            runner.sidecars,
            identities={each.name: world.identity(each.account) for each in world.instances},
            lifetime_s=runner.lifetime_s,
        )
        await life.store.mark_rotated(name)

    await run.step("rotate", work)
    await run.event("info", f"The certificates of sandbox {name} are new", category=CATEGORY)
    return {"name": name}


async def _start(run: Run, life: Lifecycle) -> Started:
    async def tell(done: int, total: int) -> None:
        await run.progress(done, total, unit="instances", message=f"{done} of {total} ready")

    is_again = bool(run.operation.steps)
    began_at = await run.step("configure", life.configure)
    sidecars_ready_s = await run.step("sidecars", lambda: life.start_sidecars(began_at=began_at))
    await run.step("applications", life.start_applications)

    async def ready() -> Started:
        if is_again:  # all processes may have died with the server since they were started
            await life.start()
        return await life.wait_ready(
            began_at=began_at, sidecars_ready_s=sidecars_ready_s, on_ready=tell
        )

    return await run.step("ready", ready, as_type=Started)


async def _drain(life: Lifecycle) -> None:
    if await life.store.find(life.name) is not None:
        await life.drain()


def _plain(changes: Sequence[Change]) -> Any:
    """Changes for a result: without the whole objects."""
    return msgspec.to_builtins([msgspec.structs.replace(each, stored=None) for each in changes])


async def _take_away(life: Lifecycle, owner: str) -> None:
    if await life.belongs_to(owner):
        await life.remove()


async def _call_lost(life: Lifecycle, name: str, error: BaseException) -> None:
    reason = error.what if isinstance(error, MesheryError) else "its restoring was cancelled"
    await life.store.set(name, phase="lost", reason=reason)


def _told(started: Started) -> str:
    return f"{started.sidecars} sidecars ready in {started.ready_s:.2f} s"


def _names(changes: list[dict[str, Any]]) -> str:
    return (
        ", ".join(f"{each['ref']['kind']} {each['ref']['name']}" for each in changes) or "nothing"
    )


def _document(started: Started) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(started)
    return document


def _kind(
    name: str, run: Callable[[Run], Awaitable[dict[str, Any] | None]], title: str
) -> WorkKind:
    return WorkKind(name, run, OwnerLoss.RESUME, host_bound=True, timeout_s=600.0, title=title)


KINDS = (
    _kind("sandbox.up", up, "Start a sandbox"),
    _kind("sandbox.down", down, "Stop a sandbox"),
    _kind("sandbox.apply", apply, "Apply to a sandbox"),
    _kind("sandbox.undo", undo, "Undo in a sandbox"),
    _kind("sandbox.rotate", rotate_certificates, "Rotate a sandbox's certificates"),
    _kind("sandbox.restore", restore, "Restore a sandbox"),
)
