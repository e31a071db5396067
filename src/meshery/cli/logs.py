"""Log files of a home, printed and followed. Rotation and truncation start the file over."""

import sys
import time
from collections import deque
from pathlib import Path

from meshery.core.errors import NotFoundError
from meshery.core.settings import Settings

_POLL_S = 0.25


def print_log(settings: Settings, component: str, *, follow: bool, lines: int) -> None:
    """The last `lines` of a component's log, and what comes after them when `follow`."""
    file = _log_file(settings.home_path / "logs", component)
    with file.open(errors="replace") as stream:
        sys.stdout.writelines(deque(stream, maxlen=max(lines, 0)))
        sys.stdout.flush()
        position = stream.tell()
    while follow:
        position = _print_new(file, position)
        time.sleep(_POLL_S)


def _print_new(file: Path, position: int) -> int:
    size = file.stat().st_size if file.exists() else 0
    if size == position:
        return position
    with file.open(errors="replace") as stream:
        stream.seek(position if size > position else 0)
        sys.stdout.write(stream.read())
        sys.stdout.flush()
        return stream.tell()


def _log_file(directory: Path, component: str) -> Path:
    found = {
        str(path.relative_to(directory).with_suffix("")): path for path in directory.rglob("*.log")
    }
    if component not in found:
        raise NotFoundError(
            f"there is no log of {component}",
            cause=f"{directory} has {', '.join(sorted(found)) or 'none'}",
            remedy="name one of these; logs appear once the server was started",
            code="meshery.log",
        )
    return found[component]
