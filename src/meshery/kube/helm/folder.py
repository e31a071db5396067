"""Charts of a person's folder, copied: what was checked is what Helm gets.

A folder may be a chart, or hold several somewhere below, as a release of a mesh does. A chart is
where a `Chart.yaml` lies; what is below it belongs to it. Links are followed within the folder that
was named, and refused where they lead out of it.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from meshery.core.errors import InvalidInputError
from meshery.kube.helm.bounds import BOUNDS, Bounds, Taken, checked_path, hostile, too_much
from meshery.kube.helm.chart import CHART_FILE

_MAX_SEEN = 50_000
_MAX_DEPTH = 8


def charts_in(folder: Path) -> list[Path]:
    """Folders with a `Chart.yaml`, and archives `*.tgz` beside such folders, in order. Blocks."""
    if (folder / CHART_FILE).is_file():
        return [folder]
    found: list[Path] = []
    seen = 0
    for here, below, files in os.walk(folder):
        seen += len(below) + len(files)
        if seen > _MAX_SEEN:
            raise too_much(str(folder), "it holds too much to look through", limit=_MAX_SEEN)
        path = Path(here)
        if CHART_FILE in files:
            found.append(path)
            below.clear()
            continue
        found += [path / name for name in files if name.endswith(".tgz")]
        is_deep = len(path.relative_to(folder).parts) >= _MAX_DEPTH
        below[:] = [] if is_deep else sorted(name for name in below if not name.startswith("."))
    return sorted(found)


def copy(chart: Path, into: Path, *, root: Path, bounds: Bounds = BOUNDS) -> None:
    """Copy a chart's folder. Blocks.

    Links may lead anywhere within `root`. InvalidInputError for one that leads out of it, or for
    what is no plain file; LimitError for a chart that is too large.
    """
    taken = Taken(bounds, source=str(chart))
    for name, content in _files(chart, root.resolve(), taken, bounds):
        target = into / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(content)


def digest_of(folder: Path) -> str:
    """The digest of a folder's files, by name and content (`tree-sha256:`). Blocks."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return f"tree-sha256:{whole.hexdigest()}"


def _files(chart: Path, root: Path, taken: Taken, bounds: Bounds) -> Iterator[tuple[str, bytes]]:
    """Each file's path within the chart, and what it holds."""
    waiting = [chart]
    while waiting:
        for path in sorted(waiting.pop(0).iterdir()):
            name = path.relative_to(chart).as_posix()
            checked_path(name, bounds, source=str(chart))
            real = path.resolve()
            if not real.is_relative_to(root):
                raise hostile(str(chart), f"{name!r} is a link that leads out of {root}")
            if real.is_dir():
                taken.add(name, 0)
                waiting.append(path)
                continue
            yield name, _content(real, name, taken, source=str(chart), limit=bounds.file_bytes)


def _content(real: Path, name: str, taken: Taken, *, source: str, limit: int) -> bytes:
    try:
        # Without waiting: a pipe that nobody writes to would hold us for ever.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise InvalidInputError(
            f"cannot read {name} of the chart {source}",
            cause=str(error.strerror),
            remedy="check the file and its permissions",
            code="meshery.helm.chart",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise hostile(source, f"{name!r} is no plain file")
        content = file.read(limit + 1)
    taken.add(name, len(content))
    return content
