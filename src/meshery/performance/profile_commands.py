"""`mesheryctl perf profile`: stored descriptions of load."""

from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import output_option, page_options, pass_client

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

PROFILES = "/api/performance/profiles"


@click.group()
def profile() -> None:
    """Stored descriptions of load: list, view, apply, delete."""


@profile.command("list")
@page_options
@output_option
@pass_client
def list_profiles(client: "ServerClient", *, output: str, **page: Any) -> None:
    """List profiles."""
    from meshery.client.output import Column, emit

    columns = [
        Column("NAME", "name"),
        Column("MODE", "profile.mode"),
        Column("SCHEDULE", "profile.schedule"),
        Column("RATE RPS", "profile.rate_rps", right=True),
        Column("DURATION", "profile.duration", right=True),
        Column("RESULTS", "results", right=True),
        Column("LAST RUN", "last_run_at"),
        Column("ID", "id"),
    ]
    emit(client.get(PROFILES, **page), output, columns=columns)


@profile.command("view")
@click.argument("reference", metavar="NAME")
@output_option
@pass_client
def view_profile(client: "ServerClient", *, reference: str, output: str) -> None:
    """Show a profile, by name or id."""
    from meshery.client.output import emit

    found = client.get(f"{PROFILES}/{reference}")
    emit(found["profile"] if output in ("table", "yaml") else found, output)


@profile.command("apply")
@click.option("-f", "--file", "file", required=True, help="YAML or JSON; - for standard input.")
@output_option
@pass_client
def apply_profile(client: "ServerClient", *, file: str, output: str) -> None:
    """Store the profile of a file; one of the same name is replaced."""
    from meshery.client.files import read_file
    from meshery.client.output import emit
    from meshery.performance.profile import parse_profile, profile_document

    parsed = parse_profile(read_file(file), source=file)
    saved = client.post(PROFILES, profile_document(parsed))
    columns = ("id", "name", "version") if output == "table" else ()
    emit(saved, output, columns=columns)


@profile.command("delete")
@click.argument("reference", metavar="NAME")
@pass_client
def delete_profile(client: "ServerClient", *, reference: str) -> None:
    """Delete a profile; its results stay."""
    from meshery.client.terminal import say

    client.delete(f"{PROFILES}/{reference}")
    say(f"deleted the profile {reference}")
