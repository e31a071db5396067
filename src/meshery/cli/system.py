"""`mesheryctl system`: the server of this home, its settings and logs, and what is missing here."""

from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import duration, output_option, pass_client, pass_invocation
from meshery.connections.commands_config import config

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.client.options import Invocation


@click.group()
def system() -> None:
    """Meshery itself: its server, settings and logs."""


system.add_command(config)


@system.command()
@click.option("--timeout", "timeout_s", type=duration, default="60s", show_default=True)
@output_option
@pass_invocation
def start(invocation: "Invocation", *, timeout_s: float, output: str) -> None:
    """Start the server of this home in the background."""
    from meshery.client.lifecycle import start_server
    from meshery.client.terminal import say

    server, is_new = start_server(invocation.settings, timeout_s=timeout_s)
    if output == "table":
        say(f"Meshery {'runs' if is_new else 'runs already'} at {server.url} (pid {server.pid})")
        say("next: mesheryctl system dashboard")
    else:
        _emit_status(invocation, output)


@system.command()
@click.option("--timeout", "timeout_s", type=duration, default="20s", show_default=True)
@pass_invocation
def stop(invocation: "Invocation", *, timeout_s: float) -> None:
    """Stop the server and everything it runs on this machine."""
    from meshery.client.lifecycle import stop_server
    from meshery.client.terminal import say

    was_running = stop_server(invocation.settings, timeout_s=timeout_s)
    say("Meshery has stopped" if was_running else "no server runs in this home")


@system.command()
@click.option("--timeout", "timeout_s", type=duration, default="60s", show_default=True)
@pass_invocation
def restart(invocation: "Invocation", *, timeout_s: float) -> None:
    """Stop the server, and start it again; sandboxes are restored."""
    from meshery.client.lifecycle import start_server, stop_server
    from meshery.client.terminal import say

    stop_server(invocation.settings)
    server, _ = start_server(invocation.settings, timeout_s=timeout_s)
    say(f"Meshery runs at {server.url} (pid {server.pid})")


@system.command()
@output_option
@pass_invocation
def status(invocation: "Invocation", *, output: str) -> None:
    """Show the server and the state of its parts. Exit 3 when it does not answer."""
    _emit_status(invocation, output)


def _emit_status(invocation: "Invocation", output: str) -> None:
    from meshery.client.output import emit
    from meshery.client.terminal import say

    with invocation.connect() as client:
        version = client.get("/api/system/version")["version"]
        parts: list[dict[str, Any]] = client.get("/api/system/components")["items"]
    if output == "table":
        say(f"Meshery {version} at {invocation.address.url} ({invocation.address.origin})")
        emit(parts, columns=["name", "state", "detail", "remedy"])
    else:
        address = {"url": invocation.address.url, "version": version}
        emit(parts if output == "name" else {**address, "components": parts}, output)


@system.command()
@click.argument("component", default="server")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("-n", "--lines", default=200, show_default=True, help="Lines from the end.")
@pass_invocation
def logs(invocation: "Invocation", *, component: str, follow: bool, lines: int) -> None:
    """Print the log of a component: server (default), worker, nats, ..."""
    from meshery.cli.logs import print_log

    print_log(invocation.settings, component, follow=follow, lines=lines)


@system.command()
@output_option
@pass_invocation
def check(invocation: "Invocation", *, output: str) -> None:
    """Look for what would keep Meshery from working here. Exit 4 when something would."""
    from meshery.cli.checks import run_checks
    from meshery.client.output import emit

    findings = run_checks(invocation.settings)
    emit(findings, output, columns=["name", "state", "detail", "remedy"])
    if any(finding.state == "failed" for finding in findings):
        raise click.exceptions.Exit(4)


@system.command()
@pass_invocation
def reset(invocation: "Invocation") -> None:
    """Stop the server and delete what it stored; settings, contexts and keys stay."""
    from meshery.cli.reset import reset_home

    reset_home(invocation)


@system.command()
@click.option("--skip-browser", is_flag=True, help="Print the link only.")
@click.option("--path", "next_path", default="/", show_default=True, help="Page to open.")
@output_option
@pass_client
def dashboard(client: "ServerClient", *, skip_browser: bool, next_path: str, output: str) -> None:
    """Open the web pages. The link logs a browser in; it works once, within a minute."""
    from meshery.client.output import emit, emit_text
    from meshery.client.terminal import is_interactive, say

    link = client.post("/api/system/logins", params={"next_path": next_path})
    if output != "table":
        emit({"name": link["url"], **link}, output)
        return
    emit_text(link["url"])
    if not skip_browser and is_interactive():
        import webbrowser

        say("" if webbrowser.open(link["url"]) else "no browser here: open the link yourself")


@system.command()
@click.option("--from-server", is_flag=True, help="As the running server read them.")
@output_option
@pass_invocation
def settings(invocation: "Invocation", *, from_server: bool, output: str) -> None:
    """Show every setting with its value, where that came from, and what it means."""
    from meshery.client.output import emit
    from meshery.client.public import public_rows

    if from_server:
        with invocation.connect() as client:
            rows: Any = client.get("/api/system/settings")["items"]
    else:
        rows = public_rows(invocation.loaded)
    emit(rows, output, columns=["name", "value", "origin", "meaning"])
