"""A control plane as a process of its own: `python -m meshery.kube.local --root DIR --name NAME`.

It writes `DIR/ready.json` once the API server answers, and ends, with all its parts, on SIGTERM.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from meshery.core.errors import MesheryError
from meshery.core.paths import write_private
from meshery.kube.local.binaries import find
from meshery.kube.local.control_plane import control_plane
from meshery.kube.local.options import SERVICE_RANGE, PlaneOptions

READY = "ready.json"
"""The file, in the control plane's directory, that is there while it is ready."""


class Ready(msgspec.Struct, frozen=True):
    """A control plane that answers at `url`, and the file to reach it by."""

    url: str
    kubeconfig: str


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit code. Faults are told on standard error."""
    options = _options()
    (options.root / READY).unlink(missing_ok=True)
    try:
        plane = PlaneOptions(name=options.name, service_range=options.service_range)
        asyncio.run(_run(options.root, plane))
    except MesheryError as error:
        sys.stderr.write(f"{error.what}\n{error.cause}\n{error.remedy}\n")
        return error.exit_code
    return 0


async def _run(root: Path, options: PlaneOptions) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, stop, task)
    try:
        async with control_plane(root, options=options, binaries=find()) as plane:
            ready = Ready(plane.url, str(plane.kubeconfig))
            write_private(root / READY, msgspec.json.encode(ready))
            loop.remove_signal_handler(signal.SIGTERM)
            loop.add_signal_handler(signal.SIGTERM, stop.set)
            await stop.wait()
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        (root / READY).unlink(missing_ok=True)


def _end(stop: asyncio.Event, task: "asyncio.Task[None] | None") -> None:
    """End a start that is under way."""
    stop.set()
    if task is not None:
        task.cancel()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshery.kube.local", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where all of it is kept")
    parser.add_argument("--name", default="local", help="the cluster's, and its context's")
    parser.add_argument("--service-range", default=SERVICE_RANGE, help="addresses of services")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
