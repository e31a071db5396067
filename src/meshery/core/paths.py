"""Where a user's Meshery keeps things.

Home, the short runtime directory for sockets, and their permissions.
"""

import hashlib
import os
import tempfile
from pathlib import Path


def default_home() -> Path:
    """`~/.meshery`."""
    return Path.home() / ".meshery"


def runtime_dir(home: Path) -> Path:
    """The directory of sockets of one home.

    Short, since a Unix socket's path ends at about 104 bytes; private (0700).
    """
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"meshery-{os.getuid()}-{digest}"


def private_dir(path: Path) -> Path:
    """Create `path` with mode 0700 (parents too) and return it.

    Refuse one that belongs to somebody else.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")
    path.chmod(0o700)
    return path


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read (0600), whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)
