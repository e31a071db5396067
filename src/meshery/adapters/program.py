"""A vendor's adapter as a program: options and environment, served until it is told to end.

    if __name__ == "__main__":
        sys.exit(run(adapter))

The environment of the original's adapters works too: `MESHERY_SERVER` is the server to register
with, `SERVICE_ADDR` the host at which it reaches the adapter, `DEBUG=true` logs more.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence

import msgspec

from meshery.adapters import logs
from meshery.adapters.library import Adapter
from meshery.adapters.mesh import Mesh
from meshery.adapters.registration import Registration
from meshery.adapters.security import ServerSecurity, read_pem, read_token
from meshery.adapters.serving import Serving, serve
from meshery.core.durations import parse_duration
from meshery.core.errors import MesheryError


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output, when the adapter answers."""

    name: str
    address: str
    pid: int


def run(
    adapter: Adapter | Mesh,
    arguments: Sequence[str] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. Faults are told on standard error."""
    made = Adapter(adapter) if isinstance(adapter, Mesh) else adapter
    options = _options(made, environment).parse_args(arguments)
    is_debug = environment.get("DEBUG", "").lower() in {"true", "1"}
    logs.configure(level="debug" if is_debug else "info")
    try:
        asyncio.run(_serve(made, options))
    except MesheryError as error:
        told = f"{error.what}: {error.cause}" if error.cause else error.what
        sys.stderr.write(f"{told}\n  {error.remedy}\n" if error.remedy else f"{told}\n")
        return error.exit_code
    return 0


async def until_told() -> None:
    """Wait for SIGTERM or SIGINT."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()


async def _serve(adapter: Adapter, options: argparse.Namespace) -> None:
    security = ServerSecurity(
        certificate=read_pem(options.certificate),
        key=read_pem(options.key),
        client_authority=read_pem(options.callers_ca),
        token=read_token(options.token_file),
        allows_plain=options.allow_plain,
    )
    registration = _registration(options, options.port)
    async with serve(
        adapter,
        host=options.host,
        port=options.port,
        security=security,
        refresh_s=parse_duration(options.refresh),
        registered=options.index_host,
        registration=registration,
    ) as serving:
        _announce(serving)
        await until_told()


def _registration(options: argparse.Namespace, port: int) -> Registration | None:
    if not options.server:
        return None
    server = options.server if "://" in options.server else f"http://{options.server}"
    return Registration(
        server=server,
        address=f"{options.address}:{port}",
        token=read_token(options.server_token_file),
    )


def _announce(serving: Serving) -> None:
    ready = Ready(serving.adapter.mesh.name, serving.address, os.getpid())
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def _options(adapter: Adapter, environment: Mapping[str, str]) -> argparse.ArgumentParser:
    mesh = adapter.mesh
    parser = argparse.ArgumentParser(description=f"The adapter of {mesh.title}.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    add("--port", type=int, default=mesh.port, help=f"port to listen on, 0: any ({mesh.port})")
    add("--token-file", default="", help="file with the token that callers show")
    add("--certificate", default="", metavar="FILE", help="certificate (PEM); without it no TLS")
    add("--key", default="", metavar="FILE", help="private key of the certificate")
    add("--callers-ca", default="", metavar="FILE", help="authority of callers' certificates")
    add("--allow-plain", action="store_true", help="serve others without TLS and login")
    add("--refresh", default="0s", help="how often the vendor's index is asked (0s: never)")
    add("--index-host", action="append", default=[], help="private host:port of an index")
    add(
        "--server",
        default=environment.get("MESHERY_SERVER", ""),
        metavar="URL",
        help="Meshery server to register with (MESHERY_SERVER)",
    )
    add("--server-token-file", default="", metavar="FILE", help="file with that server's token")
    add(
        "--address",
        default=environment.get("SERVICE_ADDR", "localhost"),
        metavar="HOST",
        help="host at which the server reaches the adapter (SERVICE_ADDR)",
    )
    return parser
