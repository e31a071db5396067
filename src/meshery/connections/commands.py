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
    wait_options,
)
from meshery.connections.operating import leave, set_operator, show_leaf, with_operator
from meshery.connections.sending import BASE, NOT_CONNECTED, send, show

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.connections.flatten import Flattened

_LIST = ("name", "state", "version", "server", "login", "namespace", "checked_at", "id")


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
@click.option(
    "--operator/--no-operator",
    "operator",
    default=None,
    help="Deploy our operator there and follow what it tells, or remove it.",
)
@wait_options
@output_option
@pass_client
def connect(
    client: "ServerClient",
    *,
    files: tuple[str, ...],
    contexts: tuple[str, ...],
    in_cluster: bool,
    dry_run: bool,
    operator: bool | None,
    wait: bool,
    timeout_s: float | None,
    output: str,
) -> None:
    """Connect the clusters of a kubeconfig, context by context.

    Each is told what became of it. A cluster that does not answer is kept; one that was connected
    before gets the new login.
    """
    if in_cluster and (files or contexts):
        raise click.UsageError("--in-cluster takes no kubeconfig")
    if in_cluster:
        outcomes = client.post(BASE, params={"in_cluster": "true"})["items"]
    else:
        outcomes = send(client, _read(files, contexts), dry_run=dry_run)
    if operator is not None and not dry_run:
        set_operator(client, outcomes, is_wanted=operator, wait=wait, timeout_s=timeout_s)
    show(outcomes, output, dry_run=dry_run)


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
    """Show the connection NAME (or its id), and how our operator is there."""
    from meshery.client.output import emit

    emit(with_operator(client, _the_one(client, name)), output)


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
        click.get_current_context().exit(NOT_CONNECTED)


@kubernetes.command("leaf")
@click.argument("name")
@click.option("--namespace", metavar="NAME", help="Where the broker is; meshery by default.")
@click.option("--dry-run", is_flag=True, help="Show it without credentials, and make none.")
@click.option("--revoke", is_flag=True, help="Disconnect it; its credentials hold no more.")
@pass_invocation
def leaf(
    invocation: Invocation, *, name: str, namespace: str | None, dry_run: bool, revoke: bool
) -> None:
    """Print what lets the broker of the cluster NAME connect to Meshery, as YAML.

    For clusters that cannot be reached: apply it there with kubectl. It holds new credentials,
    shown this once; those of before hold no more.
    """
    if revoke and (dry_run or namespace):
        raise click.UsageError("--revoke takes neither --dry-run nor --namespace")
    with invocation.connect() as client:
        place = f"{BASE}/{_the_one(client, name)['id']}/operator/leaf"
        if revoke:
            invocation.confirm(f"let {name} connect no more?")
            client.delete(place)
            return
        show_leaf(invocation, client, place, namespace=namespace or "", is_dry=dry_run)


@kubernetes.command("disconnect")
@click.argument("name")
@click.option("--leave-operator", is_flag=True, help="Leave our operator in the cluster.")
@wait_options
@pass_invocation
def disconnect(
    invocation: Invocation,
    *,
    name: str,
    leave_operator: bool,
    wait: bool,
    timeout_s: float | None,
) -> None:
    """Forget a connection and its login.

    Our operator is removed from the cluster first; else the cluster stays as it is.
    """
    with invocation.connect() as client:
        found = _the_one(client, name)
        invocation.confirm(f"disconnect {found['name']} ({found['server']})?")
        leave(client, found, leave_operator=leave_operator, wait=wait, timeout_s=timeout_s)


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
