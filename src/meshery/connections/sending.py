"""What commands that connect clusters share: contexts are sent, and what became of them told."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.connections.flatten import Flattened

BASE = "/api/kubernetes/contexts"
NOT_CONNECTED = 1
"""Exit code when a cluster was refused or did not answer."""


def show(outcomes: list[dict[str, Any]], output: str, *, dry_run: bool = False) -> None:
    """Print what became of each context; exits with 1 unless all are connected."""
    from meshery.client.output import Column, emit

    said = Column("WHAT", _words)
    columns: tuple[Any, ...] = (Column("CONTEXT", "context"), "outcome", said)
    if dry_run:
        columns = (Column("CONTEXT", "context"), "server", "login", said)
    named = [{"name": each["context"], **each} for each in outcomes]
    emit(named if output == "name" else outcomes, output, columns=columns)
    if any(each.get("error") or each.get("outcome") == "unreachable" for each in outcomes):
        click.get_current_context().exit(NOT_CONNECTED)


def send(client: "ServerClient", found: "Flattened", *, dry_run: bool) -> list[dict[str, Any]]:
    """The outcomes of all contexts: those of the server, and those that were not sent."""
    from meshery.core.errors import InvalidInputError

    refused = dict(found.refused)
    outcomes: list[dict[str, Any]] = []
    params = {"dry_run": "true"} if dry_run else None
    for names, document in found.batches():
        try:
            outcomes += client.post(BASE, document, params=params)["items"]
        except InvalidInputError as error:
            if len(names) > 1:
                raise
            refused[names[0]] = error
    if len(refused) == 1 and not outcomes:
        raise next(iter(refused.values()))
    outcomes += [
        {"context": name, "outcome": "refused", "connection": None, "error": error.as_dict()}
        for name, error in refused.items()
    ]
    if not outcomes:
        raise InvalidInputError(
            "the kubeconfig has no contexts",
            remedy="look at it: kubectl config get-contexts",
            code="meshery.kubeconfig.context",
        )
    return outcomes


def _words(outcome: Any) -> str:
    """What became of a context, and what to do about it."""
    error = outcome.get("error")
    if error:
        return ". ".join(part for part in (error["what"], error["cause"], error["remedy"]) if part)
    shown = outcome.get("connection")
    if shown is None:
        return "would be connected"
    words = ["connected before, its login was renewed" if outcome["updated"] else "new"]
    words += [part for part in (shown["version"], shown["reason"], shown["remedy"]) if part]
    return "; ".join(words)
