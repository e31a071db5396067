"""The miniature charts of tests, and ways to pack them."""

import io
import os
import shutil
import sys
import sysconfig
import tarfile
from pathlib import Path

from meshery.kube.helm.chart import LocalChart, read_chart

CHARTS = Path(__file__).parents[2] / "fixtures" / "charts"


def chart(name: str) -> LocalChart:
    """A chart as it lies there."""
    return read_chart(CHARTS / name, source=name, digest="")


def packed(name: str, **changes: str) -> bytes:
    """A chart's archive, as `helm package` makes it; `changes` replace texts of its Chart.yaml."""
    files = {
        f"{name}/{path.relative_to(CHARTS / name).as_posix()}": path.read_bytes()
        for path in sorted((CHARTS / name).rglob("*"))
        if path.is_file()
    }
    head = f"{name}/Chart.yaml"
    for old, new in changes.items():
        lines = files[head].decode().splitlines(keepends=True)
        files[head] = "".join(
            f"{old}: {new}\n" if line.startswith(f"{old}:") else line for line in lines
        ).encode()
    return archive(*files.items())


def archive(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """A gzipped tar of plain files, and of whatever else is given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                head = tarfile.TarInfo(member[0])
                head.size = len(member[1])
                tar.addfile(head, io.BytesIO(member[1]))
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member that is no plain file."""
    head = tarfile.TarInfo(name)
    head.type = kind
    head.linkname = target
    return head


def copied(name: str, to: Path) -> Path:
    """A chart's folder, copied."""
    shutil.copytree(CHARTS / name, to)
    return to


def children() -> list[int]:
    """Processes of Helm's child whose parent is this one."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _is_child(entry)
    ]


def _is_child(entry: Path) -> bool:
    try:
        words = (entry / "cmdline").read_bytes().split(b"\0")
        parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return False
    return parent == os.getpid() and b"meshery.kube.helm.child" in words


def python_without_library(folder: Path, *, path: str) -> str:
    """A Python that finds all installed packages but Helm's, with a PATH of its own."""
    packages = folder / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("helm_python"):
            (packages / entry.name).symlink_to(entry)
    ours = Path(__file__).parents[3] / "src"
    program = folder / "python"
    program.write_text(
        f'#!/bin/sh\nPATH={path} PYTHONPATH={packages}:{ours} exec {sys.executable} -S "$@"\n'
    )
    program.chmod(0o700)
    return str(program)
