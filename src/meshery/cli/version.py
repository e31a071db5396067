"""`mesheryctl version`: this program's version, and the server's when asked."""

from typing import TYPE_CHECKING

import click

from meshery import __version__
from meshery.client.options import output_option, pass_invocation

if TYPE_CHECKING:
    from meshery.client.options import Invocation


@click.command()
@click.option("--with-server", is_flag=True, help="Ask the server for its version too.")
@output_option
@pass_invocation
def version(invocation: "Invocation", *, with_server: bool, output: str) -> None:
    """The version of this program."""
    from meshery.client.output import emit

    rows = [{"name": "mesheryctl", "version": __version__}]
    if with_server:
        with invocation.connect() as client:
            rows.append({"name": "server", **client.get("/api/system/version")})
    if output == "table" and not with_server:
        click.echo(f"mesheryctl {__version__}")
    else:
        emit(rows if with_server else rows[0], output, columns=["name", "version"])
