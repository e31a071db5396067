"""`mesheryctl adapter`: whether an adapter keeps to the contract, and how to begin one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import pass_invocation

if TYPE_CHECKING:
    from meshery.adapters.security import ClientSecurity
    from meshery.client.options import Invocation

FINDINGS = 4
"""The exit code when a check failed."""


@click.group()
def adapter() -> None:
    """Adapters of meshes: check, new."""


@adapter.command()
@click.argument("address", default="", metavar="[HOST:PORT]")
@click.option("--start", metavar="COMMAND", default="", help="Start this adapter, and end it.")
@click.option("--operation", metavar="KEY", default="", help="Carry this operation out, for real.")
@click.option("--adapter-token-file", default="", metavar="FILE", help="File with its token.")
@click.option("--ca", default="", metavar="FILE", help="Authority of its certificate: speak TLS.")
@click.option("--certificate", default="", metavar="FILE", help="Certificate to show (PEM).")
@click.option("--key", default="", metavar="FILE", help="Private key of that certificate.")
@click.option("--server-name", default="", metavar="NAME", help="Name in its certificate.")
@click.option("--allow-plain", is_flag=True, help="Send the token without TLS to other hosts.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(("table", "json", "yaml", "name", "junit")),
    default="table",
    show_default=True,
    help="Form of the result on standard output.",
)
@pass_invocation
def check(
    invocation: "Invocation", *, address: str, start: str, operation: str, output: str, **shown: Any
) -> int:
    """Check whether an adapter keeps to the contract.

    The adapter runs at HOST:PORT, or is started by --start with a command that ends with it; it
    says its address in a line of JSON, as `run` of the library does. Nothing is installed unless
    --operation names what to carry out, and that is done with no cluster. Exit code 4 when a check
    failed. An adapter of the original passes by the original's contract alone.
    """
    import asyncio

    _demand_adapter()
    if bool(address) == bool(start):
        raise click.UsageError("give either HOST:PORT or --start COMMAND")
    if address and not address.rpartition(":")[2].isdecimal():
        raise click.BadParameter(f"{address} is no HOST:PORT", param_hint="HOST:PORT")
    from meshery.adapters.checking import check_adapter
    from meshery.adapters.starting import started

    async def run() -> list[Any]:
        if not start:
            return await check_adapter(address, security=_security(shown), operation=operation)
        async with started(start) as found:
            return await check_adapter(found, security=_security(shown), operation=operation)

    checked = asyncio.run(run())
    _show(checked, output, is_verbose=invocation.verbose)
    return FINDINGS if any(each.state == "failed" for each in checked) else 0


@adapter.command()
@click.argument("name")
@click.option("--directory", type=click.Path(path_type=Path), help="Folder to write (NAME).")
def new(name: str, *, directory: Path | None) -> None:
    """Begin an adapter for the mesh NAME: a small project that works at once."""
    from meshery.adapters.starter import write_project
    from meshery.client.output import emit_text

    written = write_project(name, directory or Path(name))
    emit_text("\n".join(str(path) for path in written))


def _show(checked: list[Any], output: str, *, is_verbose: bool) -> None:
    from meshery.client.junit import junit_text
    from meshery.client.output import emit, emit_text

    if output == "junit":
        cases = [(each.name, each.state, each.reason) for each in checked]
        emit_text(junit_text("adapter", cases))
        return
    columns = ["name", "state", *(["meaning"] if is_verbose else []), "reason"]
    emit(checked, output, columns=columns)


def _security(shown: dict[str, Any]) -> "ClientSecurity":
    from meshery.adapters.security import ClientSecurity, read_pem, read_token

    return ClientSecurity(
        authority=read_pem(shown["ca"]),
        certificate=read_pem(shown["certificate"]),
        key=read_pem(shown["key"]),
        token=read_token(shown["adapter_token_file"]),
        server_name=shown["server_name"],
        allows_plain=shown["allow_plain"],
    )


def _demand_adapter() -> None:
    from meshery.client.extras import demand_adapter

    demand_adapter()
