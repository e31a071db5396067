"""The operations of throw-away clusters: up and down."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from meshery.operations.ending import bounded, is_over
from meshery.operations.model import OwnerLoss, WorkKind
from meshery.operations.run import Run
from meshery.sandbox.cluster import Clusters, ClusterView

CATEGORY = "sandbox"
_CLEAN_UP_S = 25.0


async def up(run: Run) -> dict[str, Any]:
    """Start a cluster; nothing of it is left when that fails or is cancelled."""
    clusters, name = Clusters(run.platform), run.input["name"]
    owner = run.operation.id
    try:
        await run.step("reserve", lambda: clusters.reserve(name, owner=owner))
        await run.step("start", lambda: clusters.start(name))
        found = await run.step("ready", lambda: clusters.wait_ready(name), as_type=ClusterView)
    except BaseException as error:
        if await is_over(run, error):
            await bounded(clusters.give_up(name, owner=owner), within_s=_CLEAN_UP_S)
        raise
    await run.event("info", f"Cluster {name} is up at {found.url}", category=CATEGORY)
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


async def down(run: Run) -> dict[str, Any]:
    """Stop a cluster and delete what it kept."""
    name = run.input["name"]
    await run.step("remove", lambda: Clusters(run.platform).remove(name))
    await run.event("info", f"Cluster {name} is down", category=CATEGORY)
    return {"name": name}


def _kind(name: str, run: Callable[[Run], Awaitable[dict[str, Any]]], title: str) -> WorkKind:
    return WorkKind(name, run, OwnerLoss.RESUME, host_bound=True, timeout_s=300.0, title=title)


KINDS = (
    _kind("cluster.up", up, "Start a cluster"),
    _kind("cluster.down", down, "Stop a cluster"),
)
