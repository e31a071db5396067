"""`mesheryctl kubernetes`: our operator in clusters, deployed, removed, and how it is."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from meshery.connections.sending import BASE

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.client.options import Invocation


def set_operator(
    client: "ServerClient",
    outcomes: Iterable[Mapping[str, Any]],
    *,
    is_wanted: bool,
    wait: bool,
    timeout_s: float | None,
) -> None:
    """Deploy it to the clusters that answer, or remove it from those that hold it; one by one.

    OperationFailedError for the first that fails.
    """
    from meshery.client.progress import follow_operation

    for outcome in outcomes:
        shown = outcome.get("connection")
        if not shown or outcome["outcome"] != "connected" or (not is_wanted and not _holds(shown)):
            continue
        path = f"{BASE}/{shown['id']}/operator"
        operation = client.post(path) if is_wanted else client.delete(path)
        follow_operation(client, operation, wait=wait, timeout_s=timeout_s)


def leave(
    client: "ServerClient",
    shown: Mapping[str, Any],
    *,
    leave_operator: bool,
    wait: bool,
    timeout_s: float | None,
) -> None:
    """Disconnect a cluster; our operator is removed from it before, unless it is to stay."""
    from meshery.client.progress import follow_operation

    params = {"leave_operator": "true"} if leave_operator else {}
    operation = client.delete(f"{BASE}/{shown['id']}", **params)
    if operation:
        follow_operation(client, operation, wait=wait, timeout_s=timeout_s)


def with_operator(client: "ServerClient", shown: dict[str, Any]) -> dict[str, Any]:
    """A connection, and how our operator is where there is one."""
    found = client.get(f"{BASE}/{shown['id']}/operator")
    if found["state"] == "absent":
        return shown
    told = {name: found[name] for name in ("state", "way", "reason", "behind", "lag_s")}
    return {**shown, **{f"operator_{name}": value for name, value in told.items()}}


def show_leaf(
    invocation: "Invocation", client: "ServerClient", place: str, *, namespace: str, is_dry: bool
) -> None:
    """Print what a cluster's broker connects to us with; asks before working ones are replaced."""
    import yaml

    params = {"namespace": namespace} if namespace else {}
    found = client.post(place, params={**params, "dry_run": "true"})
    if not is_dry:
        if found["replaces"]:
            invocation.confirm("replace the credentials that were made before?")
        found = client.post(place, params=params)
    click.echo(yaml.safe_dump_all(found["documents"], sort_keys=False), nl=False)


def _holds(shown: Mapping[str, Any]) -> bool:
    return bool(shown.get("operator"))
