"""One sidecar process as the control side knows it: its instance, its log, its command line."""

from pathlib import Path

import msgspec

from meshery.sandbox.model import Instance
from meshery.sandbox.render.names import BOOTSTRAP

DRAIN_S = 2


class Sidecar(msgspec.Struct, frozen=True):
    """A sidecar. `log_file` is where its standard error goes."""

    instance: Instance
    log_file: Path

    @property
    def name(self) -> str:
        """The name of its instance."""
        return self.instance.name

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return Path(self.instance.directory)


def envoy_argv(instance: Instance, binary: Path | str) -> tuple[str, ...]:
    """The command line of a sidecar.

    Hot restart is off, since it allows one Envoy per host; one worker thread is enough here and
    makes statistics and load balancing those of one proxy.
    """
    return (
        str(binary),
        "-c",
        f"{instance.directory}/{BOOTSTRAP}",
        "--disable-hot-restart",
        "--concurrency",
        "1",
        "--log-level",
        "warning",
        "--log-format",
        "%Y-%m-%dT%H:%M:%S.%e %l %n: %v",
        "--drain-time-s",
        str(DRAIN_S),
    )
