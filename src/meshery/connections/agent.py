"""Our operator in a connected cluster: the operations that put it there and take it away.

What they do stands in `discovery/work.py`; here is only how they are asked for.
"""

from typing import Any

from meshery.connections.model import Connection
from meshery.core.errors import ConflictError
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform

DEPLOY = "operator.deploy"
REMOVE = "operator.remove"
NAMESPACE = "meshery"
"""Where it goes unless somebody says otherwise."""


async def deploy(
    platform: Platform,
    shown: Connection,
    *,
    actor: str,
    namespace: str = "",
    idempotency_key: str = "",
) -> Operation:
    """Put it there, or bring it up to date."""
    given = {"namespace": namespace or shown.operator or NAMESPACE}
    return await _submit(platform, DEPLOY, shown, given, actor=actor, key=idempotency_key)


async def remove(
    platform: Platform,
    shown: Connection,
    *,
    actor: str,
    disconnect: bool = False,
    idempotency_key: str = "",
) -> Operation:
    """Take it away; with `disconnect`, forget the connection afterwards.

    ConflictError when we put none there: what others put there is not ours to delete.
    """
    if not shown.operator:
        raise ConflictError(
            f"there is no operator of ours in {shown.name}",
            remedy="deploy one: mesheryctl kubernetes connect --operator",
            code="meshery.operator.absent",
        )
    given = {"namespace": shown.operator, "disconnect": disconnect}
    return await _submit(platform, REMOVE, shown, given, actor=actor, key=idempotency_key)


async def _submit(
    platform: Platform, kind: str, shown: Connection, given: dict[str, Any], *, actor: str, key: str
) -> Operation:
    return await platform.operations.submit(
        kind,
        subject=Subject("connection", shown.id, shown.name),
        input={"connection_id": shown.id, **given},
        actor=actor,
        idempotency_key=key,
    )
