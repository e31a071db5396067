"""Building the control plane's programs from the pinned Go modules, once for each user.

Programs are built into a directory beside the wanted one, which gets its name when all of them are
there: a build that was interrupted leaves nothing that looks complete. Builders wait for each
other on a lock that ends with its holder.
"""

import dataclasses
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from meshery.core.errors import OperationFailedError
from meshery.kube.local.binaries import (
    ALL,
    API_SERVER,
    CONTROLLERS,
    ETCD,
    KUBECTL,
    KWOK,
    MODULES,
    SCHEDULER,
    Binaries,
)
from meshery.kube.local.toolchain import go_command

_TOLD_CHARS = 3000


@dataclasses.dataclass(frozen=True)
class Module:
    """A Go module of ours: the folder it is in, and the package of each program built from it."""

    folder: str
    requirement: str
    packages: Mapping[str, str]


BUILT = (
    Module("etcd", "go.etcd.io/etcd/server/v3", {ETCD: "go.etcd.io/etcd/server/v3"}),
    Module("kwok", "sigs.k8s.io/kwok", {KWOK: "sigs.k8s.io/kwok/cmd/kwok"}),
    Module(
        "kubernetes",
        "k8s.io/kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (API_SERVER, KUBECTL, SCHEDULER, CONTROLLERS)
        },
    ),
)

# Without these a server calls itself v0.0.0, and clients misjudge what it can do.
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


def build(directory: Path) -> None:
    """Have all programs in `directory`; whoever comes second waits for the first.

    OperationFailedError with the compiler's words when one cannot be built; UnsupportedError
    when there is no Go and none can be installed.
    """
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(directory.with_suffix(".lock")):
        if Binaries(directory).has(*ALL):
            return
        go = go_command(directory.parent)
        partial = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", dir=directory.parent))
        try:
            for module in BUILT:
                for name, package in module.packages.items():
                    _build_one(go, module, package, partial / name)
            shutil.rmtree(directory, ignore_errors=True)  # one that lost a program
            partial.rename(directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def version_of(module: Module) -> str:
    """The version of what a module of ours is for, such as `v1.36.3`."""
    for line in (MODULES / module.folder / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == [module.requirement]:
            return words[1]
    raise ValueError(f"{module.folder}/go.mod does not require {module.requirement}")


def linker_flags(module: Module) -> str:
    """No symbol tables, and for Kubernetes' programs the version they tell of themselves."""
    stripped = "-s -w"
    if module.folder != "kubernetes":
        return stripped
    version = version_of(module)
    major, minor, _ = version.removeprefix("v").split(".")
    said = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    settings = [f"-X {p}.{key}={value}" for p in _VERSION_PACKAGES for key, value in said.items()]
    return " ".join([stripped, *settings])


def _build_one(go: Path, module: Module, package: str, target: Path) -> None:
    _say(f"building {target.name} {version_of(module)} ...")
    began = time.monotonic()
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", linker_flags(module)]
    done = subprocess.run(  # noqa: S603 - Go itself, on modules of our own
        [go, "build", *flags, "-o", target, package],
        cwd=MODULES / module.folder,
        # The modules say everything: no flags, workspace or other toolchain of this user.
        env={
            **os.environ,
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        },
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise OperationFailedError(
            f"{target.name} cannot be built",
            cause=done.stderr[-_TOLD_CHARS:].strip(),
            remedy="check the disk's free space (6 GiB) and the way to the Go modules, and repeat",
            code="meshery.kube.build",
        )
    _say(f"built {target.name} in {time.monotonic() - began:.0f} s")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another build of the same programs ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
