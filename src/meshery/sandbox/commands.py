"""`mesheryctl sandbox`: the mesh on this machine."""

from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import duration, output_option, pass_client, wait_options

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

BASE = "/api/sandboxes"
_LIST = ("name", "state", "services", "sidecars", "ready", "mtls", "behaviours", "url")
_INSTANCES = ("name", "version", "role", "state", "inbound", "direct")
_BEHAVIOURS = ("name", "kind", "target", "source", "fidelity", "notes")
_CHANGES = ("ref.kind", "ref.name", "action", "notes")


@click.group()
def sandbox() -> None:
    """The mesh on this machine."""


@sandbox.command("up")
@click.argument("name", required=False, default="")
@click.option("-f", "--file", "file", default="", help="A Sandbox in a file (- for stdin).")
@click.option("--kubernetes", is_flag=True, help="A throw-away Kubernetes API server instead.")
@wait_options
@output_option
@pass_client
def up(
    client: "ServerClient",
    *,
    name: str,
    file: str,
    kubernetes: bool,
    wait: bool,
    timeout_s: float | None,
    output: str,
) -> None:
    """Start the bundled sandbox NAME (learn, shop, bookinfo), or that of a file.

    A file is given with -f, or as a path in the place of NAME. With --kubernetes, NAME is that of
    the cluster: a real control plane whose pods run nothing.
    """
    from meshery.client.files import read_file
    from meshery.client.output import emit
    from meshery.sandbox import cluster_commands

    if kubernetes:
        if file:
            raise click.UsageError("--kubernetes takes no file")
        cluster_commands.start(client, name, wait=wait, timeout_s=timeout_s, output=output)
        return
    path = file or (name if name.endswith((".yaml", ".yml", ".json")) else "")
    if not path and not name:
        raise click.UsageError("name a sandbox (learn, shop, bookinfo), or give a file with -f")
    body: Any = read_file(path).encode() if path else {"bundled": name}
    operation = client.post(BASE, body)
    ended = _follow(client, operation, wait=wait, timeout_s=timeout_s)
    if not wait:
        emit(ended, output, columns=("id", "kind", "state"))
        return
    emit(client.get(f"{BASE}/{ended['subject']['name']}"), output, columns=_LIST)


@sandbox.command("down")
@click.argument("name", required=False, default="")
@wait_options
@output_option
@pass_client
def down(
    client: "ServerClient", *, name: str, wait: bool, timeout_s: float | None, output: str
) -> None:
    """Stop the sandbox or cluster NAME (the only one by default) and forget it."""
    operation = client.delete(_to_stop(client, name))
    _finish(client, operation, wait=wait, timeout_s=timeout_s, output=output)


@sandbox.command("list")
@output_option
@pass_client
def list_sandboxes(client: "ServerClient", *, output: str) -> None:
    """Show all sandboxes, and throw-away clusters, and how they are."""
    from meshery.client.output import emit, emit_text
    from meshery.sandbox import cluster_commands

    found = client.get(BASE, page_size=500)
    clusters = cluster_commands.listed(client)
    if output == "table":
        emit(found, output, columns=_LIST)
        if clusters:
            emit_text("\n")
            emit(clusters, output, columns=cluster_commands.COLUMNS)
    elif output == "name":
        emit([*found["items"], *clusters], output)
    else:
        emit({**found, "clusters": clusters}, output)


@sandbox.command("status")
@click.argument("name", required=False, default="")
@output_option
@pass_client
def status(client: "ServerClient", *, name: str, output: str) -> None:
    """Show the instances, addresses and behaviours of NAME (the only one by default)."""
    from meshery.client.output import Column, emit, emit_text

    found = client.get(f"{BASE}/{_the_one(client, name)}/status")
    if output != "table":
        emit({"name": found["sandbox"]["name"], **found} if output == "name" else found, output)
        return
    emit(found["sandbox"], output, columns=_LIST)
    if found["sandbox"]["reason"]:
        emit_text(f"\n{found['sandbox']['reason']}")
    emit_text("\n")
    restarts = Column("RESTARTS", lambda row: sum(part["restarts"] for part in row["parts"]))
    echo = ("echo",) if any(row["echo"] for row in found["instances"]) else ()
    emit(found["instances"], output, columns=(*_INSTANCES, *echo, restarts))
    if found["behaviours"]:
        emit_text("\n")
        emit(found["behaviours"], output, columns=_BEHAVIOURS)


@sandbox.command("apply")
@click.argument("words", nargs=-1, metavar="[KIND TARGET]")
@click.option("-f", "--file", "file", default="", help="Behaviours in a file (- for stdin).")
@click.option("--sandbox", "name", default="", help="Which sandbox; the only one by default.")
@click.option("--name", "behaviour", default="", help="Name of the behaviour; KIND-TARGET else.")
@click.option("--source", default="", help="Only for requests from this service.")
@click.option("--weights", default=None, help="split: shares by version, such as v1=90,v2=10.")
@click.option("--delay", default=None, help="fault: how long to wait, such as 100ms.")
@click.option("--abort", type=int, default=None, help="fault: the status to answer instead.")
@click.option("--percent", type=float, default=None, help="fault, mirror: share of requests.")
@click.option("--attempts", type=int, default=None, help="retry: retries after the first try.")
@click.option("--request", default=None, help="timeout: of the whole request, such as 500ms.")
@click.option("--header", multiple=True, help="split, fault, route: match NAME=VALUE.")
@click.option("--path", default=None, help="split, fault, route: match a prefix of the path.")
@click.option("--to", default=None, help="route, mirror: the version.")
@click.option("--allow", multiple=True, help="access: let only this service in.")
@click.option("--deny", multiple=True, help="access: keep this service out.")
@click.option("--mode", default=None, help="mtls: strict, permissive or off.")
@click.option("--requests", type=int, default=None, help="ratelimit: how many requests.")
@click.option("--per", default=None, help="ratelimit: second, minute or hour.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@wait_options
@output_option
@pass_client
def apply(
    client: "ServerClient",
    *,
    words: tuple[str, ...],
    file: str,
    name: str,
    behaviour: str,
    source: str,
    dry_run: bool,
    wait: bool,
    timeout_s: float | None,
    output: str,
    **flags: Any,
) -> None:
    """Apply behaviours from a file, or one of KIND on the service TARGET from flags.

    \b
    sandbox apply split api --weights v1=90,v2=10
    sandbox apply fault api --delay 100ms --percent 50
    sandbox apply access api --deny web
    sandbox apply -f behaviours.yaml
    """  # noqa: D301 - click reads the \b itself
    from meshery.client.files import read_file
    from meshery.client.output import emit
    from meshery.sandbox.flags import behaviour_of

    if bool(file) == bool(words) or (words and len(words) != 2):
        raise click.UsageError("give either -f FILE or KIND and TARGET, such as: split api")
    body: Any = (
        read_file(file).encode()
        if file
        else behaviour_of(*words, name=behaviour, source=source, flags=flags)
    )
    path = f"{BASE}/{_the_one(client, name)}/behaviours"
    if dry_run:
        emit(client.post(path, body, params={"dry_run": "true"}), output, columns=_CHANGES)
        return
    ended = _follow(client, client.post(path, body), wait=wait, timeout_s=timeout_s)
    _show(ended, wait=wait, output=output)


@sandbox.command("undo")
@click.argument("behaviours", nargs=-1)
@click.option("--sandbox", "name", default="", help="Which sandbox; the only one by default.")
@click.option("--all", "everything", is_flag=True, help="Undo all behaviours.")
@wait_options
@output_option
@pass_client
def undo(
    client: "ServerClient",
    *,
    behaviours: tuple[str, ...],
    name: str,
    everything: bool,
    wait: bool,
    timeout_s: float | None,
    output: str,
) -> None:
    """Undo BEHAVIOURS by name."""
    if everything == bool(behaviours):
        raise click.UsageError("name the behaviours to undo, or say --all")
    path = f"{BASE}/{_the_one(client, name)}/behaviours"
    operation = client.delete(path, name=list(behaviours) or None)
    ended = _follow(client, operation, wait=wait, timeout_s=timeout_s)
    _show(ended, wait=wait, output=output)


@sandbox.command("logs")
@click.argument("instance")
@click.option("--sandbox", "name", default="", help="Which sandbox; the only one by default.")
@click.option("--part", type=click.Choice(["app", "proxy"]), default="proxy", show_default=True)
@click.option("--lines", type=click.IntRange(1, 10_000), default=100, show_default=True)
@pass_client
def logs(client: "ServerClient", *, instance: str, name: str, part: str, lines: int) -> None:
    """Show what INSTANCE (such as web-v1-0) wrote."""
    from meshery.client.output import emit_text

    path = f"{BASE}/{_the_one(client, name)}/logs"
    emit_text(client.get(path, instance=instance, part=part, lines=lines) or "")


@sandbox.command("request")
@click.argument("service")
@click.argument("path", default="/")
@click.option("--sandbox", "name", default="", help="Which sandbox; the only one by default.")
@click.option("-X", "--method", default="GET", show_default=True, help="HTTP method.")
@click.option("-H", "--header", multiple=True, metavar="NAME:VALUE", help="May be repeated.")
@click.option("-d", "--body", default="", help="Body of the request.")
@click.option("--from", "source", default="", help="The calling service; chosen by default.")
@click.option("--direct", is_flag=True, help="To the application, off the mesh.")
@click.option("--timeout", "timeout_s", type=duration, default="15s", show_default=True)
@output_option
@pass_client
def request(
    client: "ServerClient",
    *,
    service: str,
    path: str,
    name: str,
    method: str,
    header: tuple[str, ...],
    body: str,
    source: str,
    direct: bool,
    timeout_s: float,
    output: str,
) -> None:
    """Send one request to SERVICE as its callers do, and show the answer."""
    from meshery.client.output import emit, emit_text

    sent = {
        "service": service,
        "path": path,
        "method": method.upper(),
        "headers": dict(_header(text) for text in header),
        "body": body,
        "source": source,
        "direct": direct,
        "timeout_s": timeout_s,
    }
    answer = client.post(f"{BASE}/{_the_one(client, name)}/request", sent)
    if output != "table":
        emit(answer, output)
        return
    emit_text(f"{answer['status']} in {answer['elapsed_ms']:.1f} ms, by {answer['via']}")
    for key in ("x-served-by", "x-version"):
        if key in answer["headers"]:
            emit_text(f"{key}: {answer['headers'][key]}")
    emit_text(answer["body"])


def _the_one(client: "ServerClient", name: str) -> str:
    """The sandbox that is meant: by name, else the only one there is."""
    return name or _only(_names(client))


def _names(client: "ServerClient") -> list[str]:
    return [item["name"] for item in client.get(BASE, page_size=500)["items"]]


def _only(names: list[str]) -> str:
    from meshery.core.errors import InvalidInputError, NotFoundError

    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFoundError("no sandbox is there", remedy="start one: mesheryctl sandbox up shop")
    raise InvalidInputError(
        f"{len(names)} sandboxes are there: {', '.join(names)}", remedy="name the one you mean"
    )


def _to_stop(client: "ServerClient", name: str) -> str:
    """The path of what is meant: a sandbox, else a cluster, else the only one of both."""
    from meshery.core.errors import InvalidInputError
    from meshery.sandbox import cluster_commands

    boxes = _names(client)
    clusters = [each["name"] for each in cluster_commands.listed(client)]
    if not name and boxes and clusters:
        both = ", ".join([*boxes, *clusters])
        raise InvalidInputError(f"there are {both}", remedy="name the one you mean")
    if name not in boxes and (name in clusters or (not name and len(clusters) == 1)):
        return f"{cluster_commands.BASE}/{name or clusters[0]}"
    return f"{BASE}/{name or _only(boxes)}"


def _follow(
    client: "ServerClient", operation: dict[str, Any], *, wait: bool, timeout_s: float | None
) -> dict[str, Any]:
    from meshery.client.progress import follow_operation

    return follow_operation(client, operation, wait=wait, timeout_s=timeout_s)


def _finish(
    client: "ServerClient",
    operation: dict[str, Any],
    *,
    wait: bool,
    timeout_s: float | None,
    output: str,
) -> None:
    from meshery.client.output import emit

    ended = _follow(client, operation, wait=wait, timeout_s=timeout_s)
    emit(ended, output, columns=("id", "kind", "subject.name", "state"))


def _show(operation: dict[str, Any], *, wait: bool, output: str) -> None:
    """What an operation changed; the operation itself when it was not waited for."""
    from meshery.client.output import emit

    if output == "table" and wait and operation.get("result"):
        emit(operation["result"]["changes"], output, columns=_CHANGES)
    else:
        emit(operation, output, columns=("id", "kind", "subject.name", "state"))


def _header(text: str) -> tuple[str, str]:
    name, sign, value = text.partition(":")
    if not sign:
        raise click.UsageError(f"{text!r} is no header; write NAME:VALUE")
    return name.strip(), value.strip()
