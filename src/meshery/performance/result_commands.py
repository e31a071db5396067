"""`mesheryctl perf result`: what runs measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import output_option, page_options, pass_client, report_option

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

RESULTS = "/api/performance/results"
FORMS = ("json", "csv", "csv-percentiles", "hdr")


@click.group()
def result() -> None:
    """What runs measured: list, view, export, delete."""


@result.command("list")
@click.option("--kind", type=click.Choice(["load", "overhead", "functions"]), default=None)
@click.option("--sandbox", default="", help="Results of this sandbox.")
@page_options
@output_option
@pass_client
def list_results(client: "ServerClient", *, output: str, **wanted: Any) -> None:
    """List results, newest first."""
    from meshery.client.output import Column, emit

    columns = [
        Column("ID", "id"),
        Column("NAME", "name"),
        Column("KIND", "kind"),
        Column("VALIDITY", "validity"),
        Column("RPS", "rate_rps", right=True),
        Column("P50 US", "p50_us", right=True),
        Column("P99 US", "p99_us", right=True),
        Column("MESH ADDS US", "delta_p50_us", right=True),
        Column("TAKEN", "created_at"),
    ]
    found = client.get(RESULTS, **wanted)
    if output == "name":  # names of results are not unique: what one can use is the id
        found["items"] = [{"name": item["id"]} for item in found["items"]]
    emit(found, output, columns=columns)


@result.command("view")
@click.argument("identifier", metavar="ID")
@report_option
@pass_client
def show_result(client: "ServerClient", *, identifier: str, output: str) -> None:
    """Show a result, by id."""
    emit_result(client.get(f"{RESULTS}/{identifier}"), output)


@result.command("export")
@click.argument("identifier", metavar="ID")
@click.option("--form", type=click.Choice(FORMS), default="json", show_default=True)
@click.option("-f", "--file", "file", default="-", help="Where to write; - is standard output.")
@pass_client
def export_result(client: "ServerClient", *, identifier: str, form: str, file: str) -> None:
    """Write a result as JSON, CSV (seconds or percentiles), or HdrHistogram log."""
    from meshery.client.output import emit, emit_text
    from meshery.client.terminal import say

    content = client.get(f"{RESULTS}/{identifier}/export", form=form)
    if file != "-":
        import msgspec

        is_text = isinstance(content, str)
        data = content.encode() if is_text else msgspec.json.format(msgspec.json.encode(content))
        Path(file).write_bytes(data)
        say(f"wrote {file}")
    elif isinstance(content, str):
        emit_text(content)
    else:
        emit(content, "json")


@result.command("delete")
@click.argument("identifier", metavar="ID")
@pass_client
def delete_result(client: "ServerClient", *, identifier: str) -> None:
    """Delete a result with its histograms."""
    from meshery.client.terminal import say

    client.delete(f"{RESULTS}/{identifier}")
    say(f"deleted the result {identifier}")


def emit_result(document: dict[str, Any], output: str) -> None:
    """A result as a report, or as one document."""
    from meshery.client.output import emit, emit_text
    from meshery.performance.report import result_report

    if output in ("table", "markdown"):
        emit_text(result_report(document, markdown=output == "markdown"))
    else:
        emit({"name": document["id"]} if output == "name" else document, output)
