"""`mesheryctl operation` and `mesheryctl event`: long work, and what happened."""

from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import output_option, page_options, pass_client, wait_options

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

STATES = (
    "queued", "running", "waiting", "cancelling",
    "succeeded", "partial", "failed", "cancelled", "interrupted",
)  # fmt: skip
SEVERITIES = ("debug", "info", "warning", "error")
_EVENT_COLUMNS = ("at", "severity", "category", "subject.name", "text")


@click.group()
def operation() -> None:
    """Long work: list, view, watch, cancel."""


@operation.command("list")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="May be repeated.")
@click.option("--kind", default="", help="Such as sandbox.up.")
@click.option("--parent", default="", help="Children of this operation.")
@page_options
@output_option
@pass_client
def list_operations(
    client: "ServerClient",
    *,
    state: tuple[str, ...],
    kind: str,
    parent: str,
    output: str,
    **page: Any,
) -> None:
    """List operations, newest first."""
    from meshery.client.output import Column, emit

    found = client.get(
        "/api/operations", state=list(state) or None, kind=kind, parent_id=parent, **page
    )
    columns = [
        Column("ID", "id"),
        Column("KIND", "kind"),
        Column("SUBJECT", "subject.name"),
        Column("STATE", "state"),
        Column("PROGRESS", _progress),
        Column("CREATED", "created_at"),
        Column("BY", "actor"),
    ]
    emit(found, output, columns=columns)


@operation.command("view")
@click.argument("identifier", metavar="ID")
@output_option
@pass_client
def view_operation(client: "ServerClient", *, identifier: str, output: str) -> None:
    """Show one operation: its steps, result and error."""
    _show(client.get(f"/api/operations/{identifier}"), output)


@operation.command("watch")
@click.argument("identifier", metavar="ID")
@wait_options
@output_option
@pass_client
def watch_operation(
    client: "ServerClient", *, identifier: str, wait: bool, timeout_s: float | None, output: str
) -> None:
    """Follow an operation to its end; fails when it does."""
    from meshery.client.progress import follow_operation

    found = client.get(f"/api/operations/{identifier}")
    _show(follow_operation(client, found, wait=wait, timeout_s=timeout_s), output)


@operation.command("cancel")
@click.argument("identifier", metavar="ID")
@wait_options
@output_option
@pass_client
def cancel_operation(
    client: "ServerClient", *, identifier: str, wait: bool, timeout_s: float | None, output: str
) -> None:
    """Cancel an operation and its children, and wait until they have stopped."""
    from meshery.client.progress import follow_operation
    from meshery.core.errors import CancelledByUserError

    found = client.post(f"/api/operations/{identifier}/cancel")
    try:
        found = follow_operation(client, found, wait=wait, timeout_s=timeout_s)
    except CancelledByUserError:  # what was asked for
        found = client.get(f"/api/operations/{identifier}")
    _show(found, output)


@click.group()
def event() -> None:
    """What happened, and what is happening."""


@event.command("list")
@click.option("--severity", type=click.Choice(SEVERITIES), multiple=True, help="May be repeated.")
@click.option("--operation", "operation_id", default="", help="Events of this operation.")
@page_options
@output_option
@pass_client
def list_events(
    client: "ServerClient",
    *,
    severity: tuple[str, ...],
    operation_id: str,
    output: str,
    **page: Any,
) -> None:
    """List events, newest first."""
    from meshery.client.output import emit

    found = client.get(
        "/api/events", severity=list(severity) or None, operation_id=operation_id, **page
    )
    emit(found, output, columns=_EVENT_COLUMNS)


@event.command("watch")
@click.option("--severity", type=click.Choice(SEVERITIES), multiple=True, help="May be repeated.")
@click.option("--operation", "operation_id", default="", help="Events of this operation.")
@click.option("--after", default="", help="Begin after this place in the stream (an event's seq).")
@output_option
@pass_client
def watch_events(
    client: "ServerClient",
    *,
    severity: tuple[str, ...],
    operation_id: str,
    after: str,
    output: str,
) -> None:
    """Print events as they come, until Ctrl-C. With -o json each line is one document."""
    params = {"severity": list(severity) or None, "operation_id": operation_id}
    for arrived in client.events("/api/events/stream", params=params, after=after):
        _print_event(arrived.document(), output)


def _print_event(document: dict[str, Any], output: str) -> None:
    if output == "json":
        import msgspec

        click.echo(msgspec.json.encode(document).decode())
    elif output == "name":
        click.echo(document["id"])
    elif output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(document, sort_keys=False, explicit_start=True), nl=False)
    else:
        subject = document["subject"]["name"]
        click.echo(f"{document['at']}  {document['severity']:7}  {subject}  {document['text']}")


def _show(found: dict[str, Any], output: str) -> None:
    from meshery.client.output import Column, emit

    if output != "table":
        emit(found, output)
        return
    facts = {
        "id": found["id"],
        "kind": found["kind"],
        "subject": f"{found['subject']['kind']} {found['subject']['name']}",
        "state": found["state"],
        "progress": _progress(found),
        "by": found["actor"],
        "created": found["created_at"],
        "started": found["started_at"],
        "ended": found["ended_at"],
    }
    emit(facts | _error(found.get("error") or {}), output)
    if found["steps"]:
        click.echo()
        columns = [
            Column("STEP", "name"),
            Column("STATE", "state"),
            Column("STARTED", "started_at"),
            Column("ENDED", "ended_at"),
            Column("ATTEMPT", "attempt", right=True),
        ]
        emit(found["steps"], output, columns=columns)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    return {name: error[name] for name in ("what", "cause", "remedy") if error.get(name)}


def _progress(row: Any) -> str:
    progress = row.get("progress") or {}
    done, total = progress.get("done") or 0, progress.get("total") or 0
    if not total:
        return str(progress.get("message") or "")
    return f"{done:g}/{total:g} {progress.get('unit') or ''}".strip()
