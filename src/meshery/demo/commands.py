"""`mesheryctl demo`: the main job from one command.

It starts a server if none runs, posts the demo, follows it, prints the report, and stops only what
it started: on a terminal after Ctrl-C, so that one can look around; otherwise at once. The stored
result stays in every case.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import Invocation, duration, output_option, pass_invocation

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

_NEEDED = {
    "fastapi": "server",
    "nicegui": "server",
    "sqlalchemy": "server",
    "envoy": "sandbox",
}


@click.command()
@click.option("--sandbox", default="shop", show_default=True, help="Bundled sandbox to start.")
@click.option(
    "--rate",
    type=float,
    default=1000.0,
    show_default=True,
    help="Requests per second of each arm.",
)
@click.option(
    "--duration",
    "duration_s",
    type=duration,
    default="10s",
    show_default=True,
    help="Length of the measurement.",
)
@click.option(
    "--function-duration",
    "function_duration_s",
    type=duration,
    default="5s",
    show_default=True,
    help="Length of each function's measurement.",
)
@click.option(
    "--timeout", "timeout_s", type=duration, default="5m", show_default=True, help="Give up after."
)
@output_option
@pass_invocation
def demo(
    invocation: Invocation,
    *,
    sandbox: str,
    rate: float,
    duration_s: float,
    function_duration_s: float,
    timeout_s: float,
    output: str,
) -> None:
    """Start a mesh here, measure what it costs, prove what it does."""
    from meshery.core.durations import format_duration

    _demand_extras(invocation)
    request = {
        "sandbox": sandbox,
        "rate_rps": rate,
        "duration": format_duration(duration_s),
        "function_duration": format_duration(function_duration_s),
    }
    with _server(invocation) as client:
        was_there = _is_there(client, sandbox)
        try:
            operation = client.post("/api/demo", request)
            _print(_report(client, operation, timeout_s=timeout_s, output=output), output)
            _linger(output)
        finally:
            if not was_there:
                _take_down(client, sandbox)


def _demand_extras(invocation: Invocation) -> None:
    """Say what is missing where only the base is installed and no server elsewhere is named."""
    from importlib.util import find_spec

    from meshery.core.errors import UnsupportedError

    if invocation.server or invocation.context:
        return
    missing = sorted({extra for module, extra in _NEEDED.items() if find_spec(module) is None})
    if missing:
        extras = ",".join(missing)
        raise UnsupportedError(
            "this installation cannot run the demo",
            cause=f"the extra{'s' if len(missing) > 1 else ''} {extras} "
            f"{'are' if len(missing) > 1 else 'is'} not installed",
            remedy=f"pip install 'meshery[{extras}]', or name a server with --server URL",
            code="meshery.unsupported.extras",
        )


@contextmanager
def _server(invocation: Invocation) -> Iterator["ServerClient"]:
    """A client of a running server; one that we start is stopped again."""
    from meshery.client.lifecycle import ensure_server, stop_server

    if invocation.server or invocation.context:
        with invocation.connect() as client:
            yield client
        return
    client, started = ensure_server(invocation.settings)
    try:
        with client:
            yield client
    finally:
        if started:
            stop_server(invocation.settings)


def _is_there(client: "ServerClient", sandbox: str) -> bool:
    from meshery.core.errors import NotFoundError

    try:
        found = client.get(f"/api/sandboxes/{sandbox}")
    except NotFoundError:
        return False
    return found["state"] not in {"failed", "lost"}  # those the demo starts anew


def _report(
    client: "ServerClient", operation: dict[str, Any], *, timeout_s: float, output: str
) -> dict[str, Any]:
    """The report at the demo's end; one with a behaviour that failed is printed, then raised."""
    from meshery.client.progress import follow_operation
    from meshery.core.errors import OperationFailedError

    try:
        report: dict[str, Any] = follow_operation(client, operation, timeout_s=timeout_s)["result"]
    except OperationFailedError:
        partial = client.get(f"/api/operations/{operation['id']}")["result"]
        if partial:
            _print(partial, output)
        raise
    return report


def _print(report: dict[str, Any], output: str) -> None:
    from meshery.client.output import emit, emit_text

    if output == "table":
        from meshery.demo.report import report_text

        emit_text(report_text(report))
    else:
        emit(
            {"name": report["overhead"]["result_id"], **report} if output == "name" else report,
            output,
        )


def _linger(output: str) -> None:
    """On a terminal the mesh stays up to be looked at, until Ctrl-C."""
    import signal

    from meshery.client.terminal import is_interactive, say

    if output != "table" or not is_interactive():
        return
    say("The sandbox stays up to be looked at; Ctrl-C ends it. The result is kept.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("")


def _take_down(client: "ServerClient", sandbox: str) -> None:
    from meshery.client.progress import follow_operation
    from meshery.client.terminal import say
    from meshery.core.errors import MesheryError, NotFoundError

    try:
        follow_operation(client, client.delete(f"/api/sandboxes/{sandbox}"), timeout_s=30)
    except NotFoundError:
        return
    except MesheryError as error:
        say(f"could not take the sandbox down: {error.what}")
