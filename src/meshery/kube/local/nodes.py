"""Nodes that kwok plays: made through the API, ready when a pod could be put on them."""

from typing import Any

import httpx2

from meshery.core.errors import OperationFailedError

_UNFIT = {"NoSchedule", "NoExecute"}


def node(name: str) -> dict[str, Any]:
    """A node as it is created; kwok gives it addresses, capacity and a heartbeat."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


async def create_node(client: httpx2.AsyncClient, name: str) -> None:
    """Create a node; one of that name may be there. OperationFailedError when it is refused."""
    answer = await client.post("/api/v1/nodes", json=node(name))
    if answer.status_code not in {201, 409}:
        raise OperationFailedError(f"the node {name} was refused", cause=answer.text[:500])


async def is_schedulable(client: httpx2.AsyncClient, name: str) -> bool:
    """Whether the node is ready and the controllers have removed what kept pods away."""
    answer = await client.get(f"/api/v1/nodes/{name}")
    if answer.status_code != 200:
        return False
    found = answer.json()
    conditions = found.get("status", {}).get("conditions", [])
    taints = found["spec"].get("taints", [])
    is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return is_ready and not any(taint["effect"] in _UNFIT for taint in taints)
