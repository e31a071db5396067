"""`meshery`: the entry point of the processes. Each role loads only what it is for.

    meshery server       the management plane
    meshery worker       operations; on its own it demands PostgreSQL and an external NATS server
    meshery discovery    watches one cluster, from within, and tells a NATS server
    meshery operator     keeps the broker and the watcher of the cluster it runs in
    meshery adapter      serves the adapters of meshes, each on its own port
    meshery injector     one load run, started by an operation
    meshery supervisor   owns the other processes of this host, started by the server

`server` and `worker` are functions of the loaded settings; the others, each of which has options of
its own, of their arguments. All return an exit code.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from meshery import __version__
from meshery.core import garbage
from meshery.core.errors import MesheryError

if TYPE_CHECKING:
    from meshery.core.settings import LoadedSettings


def main() -> int:
    """Run the role named on the command line; faults are told on standard error."""
    arguments = sys.argv[1:]
    parser = _parser()
    role = arguments[0] if arguments else ""
    run = _ROLES.get(role)
    if run is None:
        parser.parse_args(arguments)  # --help, --version, or a usage error
        parser.print_help()
        return 2
    try:
        return run(arguments[1:])
    except MesheryError as error:
        return _report(error)
    except KeyboardInterrupt:
        return 130


def _server(arguments: Sequence[str]) -> int:
    garbage.not_yet()
    from meshery.server.main import run

    return run(_settings(_options("server", arguments)))


def _worker(arguments: Sequence[str]) -> int:
    garbage.not_yet()
    from meshery.operations.worker_process import run

    options = _options("worker", arguments)
    return run(_settings(options), embedded=options.embedded)


def _discovery(arguments: Sequence[str]) -> int:
    from meshery.discovery.watch.process import run

    return run(arguments)


def _operator(arguments: Sequence[str]) -> int:
    from meshery.operator.process import run

    return run(arguments)


def _adapter(arguments: Sequence[str]) -> int:
    from meshery.adapters.host_process import run

    return run(arguments)


def _injector(arguments: Sequence[str]) -> int:
    from meshery.performance.native.process import run

    return run(arguments)


def _supervisor(arguments: Sequence[str]) -> int:
    from meshery.processes.supervisor_process import run

    return run(arguments)


_ROLES: dict[str, Callable[[Sequence[str]], int]] = {
    "server": _server,
    "worker": _worker,
    "discovery": _discovery,
    "operator": _operator,
    "adapter": _adapter,
    "injector": _injector,
    "supervisor": _supervisor,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meshery",
        description="The processes of Meshery. People use mesheryctl.",
        epilog="`meshery ROLE --help` tells more.",
    )
    parser.add_argument("role", choices=_ROLES, nargs="?", help="the process to be")
    parser.add_argument("--version", action="version", version=f"meshery {__version__}")
    return parser


def _options(role: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"meshery {role}")
    parser.add_argument("--home", metavar="DIRECTORY", help="Meshery's home (default ~/.meshery)")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="another file than settings.yaml in the home"
    )
    if role == "worker":
        parser.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace) -> "LoadedSettings":
    from meshery.core.settings import load_settings

    return load_settings(file=options.config, flags={"home": options.home})


def _report(error: MesheryError) -> int:
    lines = [f"meshery: {error.what}"]
    lines += [f"  {problem.path}: {problem.message}" for problem in error.problems]
    if error.cause:
        lines.append(f"  cause: {error.cause}")
    if error.remedy:
        lines.append(f"  remedy: {error.remedy}")
    sys.stderr.write("\n".join(lines) + "\n")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
