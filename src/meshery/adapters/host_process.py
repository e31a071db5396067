"""The process `meshery adapter`: serves all installed adapters, or some, until it is told to end.

Where each answers stands in the home, in `adapters/NAME.json`, as long as the process lives, and in
one line on standard output when all are up.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from meshery.adapters import logs
from meshery.adapters.host import Host, Hosted, HostOptions, read_ports
from meshery.adapters.program import until_told
from meshery.adapters.security import ServerSecurity, read_pem, read_token
from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, UnsupportedError
from meshery.core.paths import private_dir, write_private
from meshery.core.settings import AdapterSettings, Settings, load_settings

TOKEN_FILE = "adapter-token"  # noqa: S105 - where it lies
STATE_FOLDER = "adapters"


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output."""

    pid: int
    adapters: tuple[Hosted, ...]


def run(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    NotFoundError for a mesh that nobody brings, UnsupportedError when none can be served at all,
    ForbiddenError for an address that others reach, without protection.
    """
    options = _parser().parse_args(arguments)
    settings = load_settings(
        file=options.config, flags={"home": options.home, "adapter.host": options.host}
    ).settings
    logs.configure(level=settings.log.level, is_json=settings.log.format == "json")
    asyncio.run(_run(settings, _host_options(options, settings.adapter)))
    return 0


async def _run(settings: Settings, options: HostOptions) -> None:
    home = private_dir(settings.home_path)
    async with Host(options, security_of(settings.adapter, home)) as host:
        if not host.servings:
            reasons = "; ".join(f"{each.name}: {each.reason}" for each in host.hosted)
            raise UnsupportedError(
                "no adapter can be served",
                cause=reasons or "none is installed",
                remedy="install one, or give it another port (adapter.ports)",
            )
        with _told(home, host.hosted):
            ready = Ready(os.getpid(), tuple(host.hosted))
            sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
            sys.stdout.flush()
            await until_told()


def security_of(settings: AdapterSettings, home: Path) -> ServerSecurity:
    """What adapters of a home show and demand; a token is made where there is none."""
    return ServerSecurity(
        certificate=read_pem(settings.certificate_file),
        key=read_pem(settings.key_file),
        client_authority=read_pem(settings.callers_ca_file),
        token="" if settings.allow_plain else load_token(settings, home),
        allows_plain=settings.allow_plain,
    )


def load_token(settings: AdapterSettings, home: Path) -> str:
    """The token of adapters of a home, whose file only its owner reads."""
    if settings.token_file:
        return read_token(settings.token_file)
    path = private_dir(home) / TOKEN_FILE
    if path.exists() and (token := path.read_text(encoding="utf-8").strip()):
        return token
    made = path.with_name(f".{path.name}.{os.getpid()}.new")
    write_private(made, secrets.token_urlsafe(32).encode())
    with contextlib.suppress(FileExistsError):  # another process was first: its token holds
        path.hardlink_to(made)
    made.unlink()
    return path.read_text(encoding="utf-8").strip()


@contextlib.contextmanager
def _told(home: Path, hosted: Sequence[Hosted]) -> Iterator[None]:
    """Files that say where each adapter answers, until the end of the block."""
    folder = private_dir(home / STATE_FOLDER)
    files = {folder / f"{each.name}.json": each for each in hosted}
    for file, each in files.items():
        write_private(file, msgspec.json.encode(each))
    try:
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _host_options(options: argparse.Namespace, settings: AdapterSettings) -> HostOptions:
    ports = read_ports(settings.ports)
    if options.port is not None:
        if len(options.mesh) != 1:
            raise InvalidInputError(
                "--port is for one mesh", remedy="name it with --mesh, or use adapter.ports"
            )
        ports[options.mesh[0]] = options.port
    return HostOptions(
        host=settings.host,
        ports=ports,
        names=options.mesh,
        refresh_s=parse_duration(settings.refresh),
        index_hosts=settings.index_hosts,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meshery adapter", description=__doc__)
    add = parser.add_argument
    add("--home", metavar="DIRECTORY", help="Meshery's home (default ~/.meshery)")
    add("--config", metavar="FILE", type=Path, help="another file than settings.yaml in the home")
    add("--mesh", metavar="NAME", action="append", default=[], help="only this one; repeatable")
    add("--host", metavar="ADDRESS", help="address to listen on (adapter.host)")
    add("--port", metavar="PORT", type=int, help="port of the one mesh, in place of its own")
    return parser
