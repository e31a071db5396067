"""The operations that put our operator into a cluster, and take it away, as named steps.

What fails or is cancelled is taken away again, by an operation of its own, since that may take
longer than a cancel. When a worker is stopped or lost, another one goes on with the first
unfinished step.
"""

from typing import Any

from meshery.connections import agent
from meshery.connections.service import ConnectionService
from meshery.discovery.rollout import Rollout
from meshery.operations.ending import bounded, is_over
from meshery.operations.model import OwnerLoss, WorkKind
from meshery.operations.run import Run

CATEGORY = "operator"
_CLEAN_UP_S = 9.0


async def deploy(run: Run) -> dict[str, Any]:
    """Have the operator, a broker and a watcher in a cluster, and follow what they tell."""
    shown = await ConnectionService(run.platform).get(run.input["connection_id"])
    rollout = Rollout(run.platform, shown, run.input["namespace"])
    await run.step("check", rollout.check)
    try:
        objects = await run.step("operator", rollout.put_operator)
        await run.step("broker", rollout.put_broker)
        await run.step("follow", rollout.follow)
    except BaseException as error:
        if await is_over(run, error):
            await bounded(_take_away(run), within_s=_CLEAN_UP_S)
        raise
    await run.event("info", f"The operator is in cluster {shown.name}", category=CATEGORY)
    return {"cluster": shown.name, "namespace": rollout.namespace, "objects": objects}


async def remove(run: Run) -> dict[str, Any]:
    """Have nothing of it in the cluster; with `disconnect`, then forget the cluster too."""
    connections = ConnectionService(run.platform)
    connection_id = run.input["connection_id"]
    name = run.operation.subject.name

    async def rollout() -> Rollout:
        shown = await connections.get(connection_id)
        return Rollout(run.platform, shown, shown.operator or run.input.get("namespace", ""))

    async def forget() -> None:
        await (await rollout()).forget()

    async def objects() -> None:
        await (await rollout()).remove_objects()

    async def operator() -> None:
        await (await rollout()).remove_operator()

    async def disconnect() -> None:
        await connections.disconnect(connection_id, actor=run.operation.actor)

    await run.step("forget", forget)
    await run.step("objects", objects)
    await run.step("operator", operator)
    if run.input.get("disconnect"):
        await run.step("disconnect", disconnect)
    await run.event("info", f"The operator is gone from cluster {name}", category=CATEGORY)
    return {"cluster": name}


async def _take_away(run: Run) -> None:
    shown = await ConnectionService(run.platform).get(run.input["connection_id"])
    if shown.operator:  # else nothing was put there yet
        await agent.remove(run.platform, shown, actor=run.operation.actor)


KINDS = (
    WorkKind(agent.DEPLOY, deploy, OwnerLoss.RESUME, timeout_s=900.0, title="Deploy the operator"),
    WorkKind(agent.REMOVE, remove, OwnerLoss.RESUME, timeout_s=900.0, title="Remove the operator"),
)
