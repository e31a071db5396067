"""`mesheryctl kubernetes`: clusters that are connected.

The kubeconfig is read and flattened here, on the person's machine: files that it names become part
of what is sent. What is sent is an upload to the server, which may refuse programs in it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import (
    Invocation,
    output_option,
    page_options,
    pass_client,
    pass_invocation,
)

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.connections.flatten import Flattened

BASE = "/api/kubernetes/contexts"
_LIST = ("name", "state", "version", "server", "login", "namespace", "checked_at", "id")
_NOT_CONNECTED = 1


@click.group()
def kubernetes() -> None:
    """Clusters: connect, list, ping, disconnect."""


@kubernetes.command("connect")
@click.option(
    "--kubeconfig",
    "files",
    multiple=True,
    metavar="FILE",
    help="May be repeated; KUBECONFIG or ~/.kube/config by default, - is stdin.",
)
@click.option(
    "--kube-context",
    "contexts",
    multiple=True,
    metavar="NAME",
    help="May be repeated; every context of the file by default.",
)
@click.option("--in-cluster", is_flag=True, help="The cluster the server is a pod of.")
@click.option("--dry-run", is_flag=True, help="Show what would be connected, and connect nothing.")
@output_option
@pass_client
def connect(
    client: "ServerClient",
    *,
    files: tuple[str, ...],
    contexts: tuple[str, ...],
    in_cluster: bool,
    dry_run: bool,
    output: str,
) -> None:
    """Connect the clusters of a kubeconfig, context by context.

    Each is told what became of it. A cluster that does not answer is kept; one that was connected
    before gets the new login.
    """
    from meshery.client.output import Column, emit

    if in_cluster and (files or contexts):
        raise click.UsageError("--in-cluster takes no kubeconfig")
    if in_cluster:
        outcomes = client.post(BASE, params={"in_cluster": "true"})["items"]
    else:
        outcomes = _send(client, _read(files, contexts), dry_run=dry_run)
    said = Column("WHAT", _words)
    columns: tuple[Any, ...] = (Column("CONTEXT", "context"), "outcome", said)
    if dry_run:
        columns = (Column("CONTEXT", "context"), "server", "login", said)
    named = [{"name": each["context"], **each} for each in outcomes]
    emit(named if output == "name" else outcomes, output, columns=columns)
    if any(each.get("error") or each.get("outcome") == "unreachable" for each in outcomes):
        click.get_current_context().exit(_NOT_CONNECTED)


@kubernetes.command("list")
@page_options
@output_option
@pass_client
def list_contexts(client: "ServerClient", *, output: str, **page: Any) -> None:
    """Show connected clusters and how they answered last."""
    from meshery.client.output import emit

    emit(client.get(BASE, **page), output, columns=_LIST)


@kubernetes.command("view")
@click.argument("name")
@output_option
@pass_client
def view(client: "ServerClient", *, name: str, output: str) -> None:
    """Show the connection NAME (or its id)."""
    from meshery.client.output import emit

    emit(_the_one(client, name), output)


@kubernetes.command("ping")
@click.argument("name")
@output_option
@pass_client
def ping(client: "ServerClient", *, name: str, output: str) -> None:
    """Ask the cluster NAME now; exit 1 when it does not answer."""
    from meshery.client.output import emit

    found = client.post(f"{BASE}/{_the_one(client, name)['id']}/ping")
    emit(found, output, columns=("name", "state", "version", "reason", "remedy"))
    if found["state"] != "reachable":
        click.get_current_context().exit(_NOT_CONNECTED)


@kubernetes.command("disconnect")
@click.argument("name")
@pass_invocation
def disconnect(invocation: Invocation, *, name: str) -> None:
    """Forget a connection and its login.

    The cluster itself stays as it is.
    """
    with invocation.connect() as client:
        found = _the_one(client, name)
        invocation.confirm(f"disconnect {found['name']} ({found['server']})?")
        client.delete(f"{BASE}/{found['id']}")


def _read(files: tuple[str, ...], contexts: tuple[str, ...]) -> "Flattened":
    from meshery.client.files import read_file
    from meshery.connections.flatten import flatten
    from meshery.kube.kubeconfig import parse_kubeconfig, read_kubeconfigs, usual_paths

    if files == ("-",):
        config = parse_kubeconfig(read_file("-"), source="standard input")
    else:
        given = [Path(file).expanduser() for file in files]
        missing = next((path for path in given if not path.exists()), None)
        if missing:
            read_file(str(missing))  # says what is the matter with it
        config = read_kubeconfigs(given or usual_paths(os.environ))
    return flatten(config, contexts)


def _send(client: "ServerClient", found: "Flattened", *, dry_run: bool) -> list[dict[str, Any]]:
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


def _the_one(client: "ServerClient", name: str) -> dict[str, Any]:
    """The connection of this name or id."""
    from meshery.core.errors import InvalidInputError, NotFoundError

    items = client.get(BASE, page_size=500)["items"]
    found: list[dict[str, Any]] = [each for each in items if name in (each["id"], each["name"])]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFoundError(
            f"no cluster {name!r} is connected",
            cause="connected: " + (", ".join(each["name"] for each in items) or "none"),
            remedy="connect one: mesheryctl kubernetes connect --kubeconfig FILE",
        )
    raise InvalidInputError(
        f"{len(found)} connections are called {name!r}",
        cause="; ".join(f"{each['id']} is {each['server']}" for each in found),
        remedy="name the one you mean by its id",
    )
