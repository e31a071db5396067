"""The command line of `meshery discovery`: MeshSync's flags by their names, and some of ours.

Go's spelling of flags (`-outputFile`) and two dashes (`--outputFile`) mean the same.
"""

import argparse
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError
from meshery.kube.access import ACCOUNT

LEASE = "meshery-discovery"
"""What the lease is called where nobody names another."""


class Place(msgspec.Struct, frozen=True):
    """An object in a namespace."""

    namespace: str
    name: str


class Options(msgspec.Struct, frozen=True):
    """What the process is to do; `stop_after_s` None runs until it is ended."""

    is_file: bool
    output_file: Path | None
    is_extended: bool
    namespaces: frozenset[str]
    resources: tuple[str, ...]
    stop_after_s: float | None
    broker_url: str
    kubeconfig: Path | None
    context: str
    meshsync: Place | None
    lease: Place | None
    holder: str
    listen: str
    home: str | None
    config: Path | None


def read_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Exits with 2 for what is no option; InvalidInputError for a value that cannot be used."""
    found = _parser().parse_args(arguments)
    holder = environment.get("POD_NAME") or environment.get("HOSTNAME") or socket.gethostname()
    return Options(
        is_file=found.output == "file",
        output_file=found.outputFile,
        is_extended=found.outputExtended,
        namespaces=frozenset(_listed(found.outputNamespaces)),
        resources=tuple(_listed(found.outputResources)),
        stop_after_s=parse_duration(found.stopAfter) if found.stopAfter else None,
        broker_url=found.broker_url,
        kubeconfig=found.kubeconfig,
        context=found.kube_context,
        meshsync=_place(found.meshsync, "--meshsync"),
        lease=_lease(found.lease, environment),
        holder=holder,
        listen=found.listen,
        home=found.home,
        config=found.config,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meshery discovery",
        description="Watches one cluster and tells a NATS server, or a file, what is there.",
        epilog="Without --kubeconfig: KUBECONFIG, else the pod's own account, else ~/.kube/config."
        " BROKER_URL (nats://TOKEN@HOST:PORT) says where the NATS server is.",
        allow_abbrev=False,
    )

    def add(*names: str, **rest: object) -> None:
        parser.add_argument(*names, **rest)  # type: ignore[arg-type]

    for name, rest in _MESHSYNC.items():
        add(f"-{name}", f"--{name}", **rest)
    add("--kubeconfig", metavar="FILE", type=Path, help="how to reach the cluster")
    add("--kube-context", metavar="NAME", default="", help="a context of it (default: current)")
    add("--meshsync", metavar="NAMESPACE/NAME", default="", help="follow its watch-list")
    add(
        "--lease",
        metavar="NAMESPACE/NAME",
        default=None,
        help=f"only who holds it watches (default in a pod: {LEASE}; empty: none)",
    )
    add("--listen", metavar="HOST:PORT", default=":11000", help="health and metrics (%(default)s)")
    add("--home", metavar="DIRECTORY", help="Meshery's home (default ~/.meshery)")
    add("--config", metavar="FILE", type=Path, help="another file than settings.yaml in the home")
    return parser


_MESHSYNC: dict[str, dict[str, object]] = {
    "output": {
        "choices": ("broker", "file"),
        "default": "broker",
        "help": "where to (default broker)",
    },
    "outputFile": {
        "metavar": "FILE",
        "type": Path,
        "help": "file to write (default meshery-cluster-snapshot-YYYYMMDD-NN.yaml)",
    },
    "outputExtended": {
        "action": "store_true",
        "help": "write every change to FILE-extended as well",
    },
    "outputNamespaces": {
        "metavar": "A,B",
        "default": "",
        "help": "objects of these namespaces alone",
    },
    "outputResources": {
        "metavar": "pod,service",
        "default": "",
        "help": "these kinds alone",
    },
    "stopAfter": {"metavar": "8s", "default": "", "help": "end by itself"},
    "broker-url": {"metavar": "URL", "default": "", "help": "instead of BROKER_URL"},
}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _lease(given: str | None, environment: Mapping[str, str]) -> Place | None:
    if given is not None:
        return _place(given, "--lease")
    namespace = environment.get("POD_NAMESPACE", "")
    file = ACCOUNT / "namespace"
    if not namespace and environment.get("KUBERNETES_SERVICE_HOST") and file.exists():
        namespace = file.read_text().strip()
    return Place(namespace, LEASE) if namespace else None


def _place(text: str, flag: str) -> Place | None:
    if not text:
        return None
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise InvalidInputError(f"{flag} {text!r:.100} names nothing", remedy="NAMESPACE/NAME")
    return Place(namespace, name)
