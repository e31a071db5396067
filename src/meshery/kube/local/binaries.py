"""The programs of a control plane: where they are, and how they come to be there.

    `KUBEBUILDER_ASSETS`     a directory of programs a person chose; nothing else is looked at
    the user's cache         `~/.cache/meshery/kube/DIGEST`, by the digest of the tools modules
    a build with Go          into that cache (`build`), about six minutes on two cores

`python -m meshery.kube.local.binaries` makes sure of them and prints their directory.
"""

import dataclasses
import hashlib
import os
import sys
from pathlib import Path

from meshery.core.errors import MesheryError, UnsupportedError

MODULES = Path(__file__).parent / "modules"
"""The pinned Go modules the programs are built from."""

API_SERVER = "kube-apiserver"
CONTROLLERS = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
KUBECTL = "kubectl"
ETCD = "etcd"
KWOK = "kwok"
ALL = (ETCD, API_SERVER, KUBECTL, CONTROLLERS, SCHEDULER, KWOK)

ASSETS = "KUBEBUILDER_ASSETS"
"""The variable of the environment that names a directory of programs."""
_HASHED = ("go.mod", "go.sum", "tools.go")


@dataclasses.dataclass(frozen=True)
class Binaries:
    """A directory with programs of a control plane; which of them, only asking tells."""

    directory: Path

    def path(self, name: str) -> Path:
        """The program `name`; UnsupportedError when it is not there."""
        path = self.directory / name
        if not os.access(path, os.X_OK):
            raise UnsupportedError(
                f"the program {name} is missing",
                cause=f"it is not in {self.directory}",
                remedy=f"unset {ASSETS} and run `make kube`, or add the program there",
                code="meshery.kube.binaries",
            )
        return path

    def has(self, *names: str) -> bool:
        """Whether all of these programs are there."""
        return all(os.access(self.directory / name, os.X_OK) for name in names)


def find() -> Binaries:
    """The programs as they stand on this machine; UnsupportedError when there are none."""
    found = chosen() or cached()
    if found is None:
        raise UnsupportedError(
            "no Kubernetes control plane is built on this machine",
            cause=f"{ASSETS} is not set and {cache_dir()} is not there",
            remedy="run `make kube`, which builds it once, or set the variable to a directory",
            code="meshery.kube.binaries",
        )
    return found


def find_or_build() -> Binaries:
    """The programs, built when there are none yet: minutes of both processors, told on stderr.

    UnsupportedError when they cannot be built.
    """
    found = chosen() or cached()
    if found is None:
        from meshery.kube.local.build import build

        build(cache_dir())
        found = Binaries(cache_dir())
    return found


def chosen() -> Binaries | None:
    """The directory a person set in the environment."""
    directory = os.environ.get(ASSETS, "")
    return Binaries(Path(directory)) if directory else None


def cached() -> Binaries | None:
    """What was built earlier from the same modules. A directory is there whole or not at all."""
    found = Binaries(cache_dir())
    return found if found.has(*ALL) else None


def cache_dir() -> Path:
    """Where the programs of these very modules belong."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "meshery" / "kube" / modules_digest()


def modules_digest(modules: Path = MODULES) -> str:
    """The name of what the modules pin: it changes with any of their versions."""
    digest = hashlib.sha256()
    for module in sorted(path for path in modules.iterdir() if path.is_dir()):
        for name in _HASHED:
            digest.update(f"{module.name}/{name}\n".encode())
            digest.update((module / name).read_bytes())
    return digest.hexdigest()[:16]


def main() -> int:
    """Make sure of the programs and print their directory; the exit code of the error else."""
    try:
        print(find_or_build().directory)  # noqa: T201 - this is a command
    except MesheryError as error:
        told = "\n".join(part for part in (error.what, error.cause, error.remedy) if part)
        print(told, file=sys.stderr)  # noqa: T201 - this is a command
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
