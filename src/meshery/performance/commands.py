"""`mesheryctl perf`: what a mesh costs. Profiles and results have groups of their own."""

from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import (
    Invocation,
    duration,
    pass_client,
    pass_invocation,
    report_option,
    wait_options,
)
from meshery.performance.profile_commands import profile
from meshery.performance.result_commands import export_result, result, show_result

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

RUNS = "/api/performance/runs"
VIOLATED = 4


@click.group()
def perf() -> None:
    """What a mesh costs: profiles, runs, results, comparisons."""


perf.add_command(profile)
perf.add_command(result)
perf.add_command(show_result, "view")
perf.add_command(export_result, "export")


@perf.command("apply")
@click.argument("name_or_id", metavar="[PROFILE]", required=False, default="")
@click.option("--url", default="", help="Address for a quick run without a profile.")
@click.option("--name", default="", help="Name of the result.")
@click.option("-f", "--file", "file", default="", help="Profile file (YAML or JSON, - for stdin).")
@click.option("--qps", type=float, default=None, help="Requests per second; 0 as fast as answered.")
@click.option("--concurrent-requests", type=int, default=None, help="Open connections.")
@click.option("--duration", "duration_text", default="", help="Length, such as 30s or 1h30m.")
@click.option("--load-generator", default="", help="Who injects; native is ours.")
@click.option("-b", "--body", default="", help="Body of each request of a quick run.")
@click.option("-H", "--header", multiple=True, metavar="NAME:VALUE", help="May be repeated.")
@wait_options
@report_option
@pass_invocation
def apply(
    invocation: Invocation,
    *,
    name_or_id: str,
    name: str,
    wait: bool,
    timeout_s: float | None,
    output: str,
    **options: Any,
) -> None:
    """Run a stored PROFILE, the profile of a file, or a quick load on one address.

    A target outside of our sandboxes needs a yes, or --yes in scripts. Exit 4 when thresholds of
    the profile are violated.
    """
    from meshery.performance.quick import run_body

    body = run_body(name_or_id, name=name, **options)
    with invocation.connect() as client:
        operation = _start(invocation, client, body)
        _finish(client, operation, wait=wait, timeout_s=timeout_s, output=output)


@perf.command("run")
@click.option("--sandbox", default="shop", show_default=True, help="Sandbox to measure.")
@click.option("--from", "source", default="web", show_default=True, help="Calling service.")
@click.option("--to", "destination", default="api", show_default=True, help="Called service.")
@click.option("--rate", "rate_rps", type=float, default=1000.0, show_default=True, help="Per arm.")
@click.option("--duration", "duration_s", type=duration, default="10s", show_default=True)
@click.option("--connections", type=int, default=16, show_default=True, help="Per arm.")
@click.option("--keep-rate", is_flag=True, help="Do not lower the rate where it is too high.")
@click.option("--name", default="", help="Name of the result.")
@wait_options
@report_option
@pass_client
def run(
    client: "ServerClient",
    *,
    keep_rate: bool,
    wait: bool,
    timeout_s: float | None,
    output: str,
    **request: Any,
) -> None:
    """Measure what the mesh adds on one hop of a sandbox: off, on and off again, interleaved."""
    request["lower_rate"] = not keep_rate
    operation = client.post(RUNS, {"overhead": _with_duration(request)})
    _finish(client, operation, wait=wait, timeout_s=timeout_s, output=output)


@perf.command("functions")
@click.argument("names", metavar="[FUNCTION]...", nargs=-1)
@click.option("--sandbox", default="shop", show_default=True, help="Sandbox to measure.")
@click.option("--from", "source", default="web", show_default=True, help="Calling service.")
@click.option("--to", "destination", default="api", show_default=True, help="Called service.")
@click.option("--rate", "rate_rps", type=float, default=500.0, show_default=True, help="Per arm.")
@click.option(
    "--duration", "duration_s", type=duration, default="5s", show_default=True, help="Each."
)
@wait_options
@report_option
@pass_client
def functions(
    client: "ServerClient",
    *,
    names: tuple[str, ...],
    wait: bool,
    timeout_s: float | None,
    output: str,
    **request: Any,
) -> None:
    """Measure what FUNCTIONs cost (all by default): mtls, access, route, retries, ratelimit."""
    if names:
        request["functions"] = list(names)
    operation = client.post(RUNS, {"functions": _with_duration(request)})
    _finish(client, operation, wait=wait, timeout_s=timeout_s, output=output)


@perf.command("compare")
@click.argument("base")
@click.argument("other")
@click.option("--force", is_flag=True, help="Compare although the environments differ.")
@report_option
@pass_client
def compare(client: "ServerClient", *, base: str, other: str, force: bool, output: str) -> None:
    """Compare the results BASE and OTHER, by id."""
    from meshery.client.output import emit, emit_text
    from meshery.performance.report import comparison_report

    body = {"base_id": base, "other_id": other, "force": force}
    found = client.post("/api/performance/comparisons", body)
    if output in ("table", "markdown"):
        emit_text(comparison_report(found, markdown=output == "markdown"))
    else:
        emit({"name": f"{base} {other}", **found} if output == "name" else found, output)


def _start(invocation: Invocation, client: "ServerClient", body: dict[str, Any]) -> Any:
    """Start a run; where the target is not ours, ask first."""
    from meshery.core.errors import InvalidInputError

    try:
        return client.post(RUNS, body)
    except InvalidInputError as error:
        if error.specific_code != "meshery.consent":
            raise
        invocation.confirm(f"{error.what}. May you load it?")
        return client.post(RUNS, body | {"consent": True})


def _finish(
    client: "ServerClient", operation: Any, *, wait: bool, timeout_s: float | None, output: str
) -> None:
    """Follow, then show the result; exit 4 when thresholds are violated."""
    from meshery.client.output import emit
    from meshery.client.progress import follow_operation
    from meshery.performance.result_commands import emit_result

    ended = follow_operation(client, operation, wait=wait, timeout_s=timeout_s)
    if not wait:
        columns = ("id", "kind", "state")
        emit(ended, output, columns=columns if output in ("table", "markdown") else ())
        return
    told = ended["result"]
    emit_result(client.get(f"/api/performance/results/{told['result_id']}"), output)
    if told["violations"]:
        click.get_current_context().exit(VIOLATED)


def _with_duration(request: dict[str, Any]) -> dict[str, Any]:
    from meshery.core.durations import format_duration

    return request | {"duration": format_duration(request.pop("duration_s"))}
