"""What `mesheryctl sandbox up|list|down` do for throw-away clusters."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

BASE = "/api/sandbox-clusters"
COLUMNS = ("name", "state", "url", "kubeconfig")


def start(
    client: "ServerClient", name: str, *, wait: bool, timeout_s: float | None, output: str
) -> None:
    """Start one and print where it is."""
    from meshery.client.output import emit
    from meshery.client.progress import follow_operation
    from meshery.client.terminal import say

    operation = client.post(BASE, {"name": name} if name else {})
    ended = follow_operation(client, operation, wait=wait, timeout_s=timeout_s)
    if not wait:
        emit(ended, output, columns=("id", "kind", "state"))
        return
    found = client.get(f"{BASE}/{ended['subject']['name']}")
    emit(found, output, columns=COLUMNS)
    if output == "table":
        say(f"next: mesheryctl kubernetes connect --kubeconfig {found['kubeconfig']}")


def listed(client: "ServerClient") -> list[dict[str, Any]]:
    """All of them."""
    items: list[dict[str, Any]] = client.get(BASE)["items"]
    return items
