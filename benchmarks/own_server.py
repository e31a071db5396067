"""A Meshery of our own for benchmarks: its home is a temporary directory, and it ends with them."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import Strangers

from meshery.client.http import ServerClient
from meshery.client.lifecycle import ensure_server, stop_server
from meshery.client.progress import follow_operation
from meshery.core.settings import Settings, load_settings


@contextmanager
def own_server() -> Iterator[tuple[ServerClient, Settings]]:
    """A client of a fresh server and its settings; the server is stopped afterwards."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="meshery-bench-") as folder:
        os.environ |= {"MESHERY_HOME": folder, "MESHERY_SERVER_PORT": "0"}
        settings = load_settings(file=_no_file(Path(folder))).settings
        client, _ = ensure_server(settings)
        try:
            with client:
                yield client, settings
        finally:
            stop_server(settings)


def foreign_share(seconds: float = 2.0) -> float:
    """The share of the machine that others use while our server is idle.

    Once sidecars work, their CPU cannot be told from a stranger's by who waits for them.
    """
    strangers = Strangers()
    time.sleep(seconds)
    return strangers.share()


def sandbox_up(client: ServerClient, name: str) -> dict[str, Any]:
    """Bring a bundled sandbox up; what its operation answered."""
    return _result(client, client.post("/api/sandboxes", {"bundled": name}))


def sandbox_down(client: ServerClient, name: str) -> None:
    """Take a sandbox down."""
    follow_operation(client, client.delete(f"/api/sandboxes/{name}"), quiet=True)


def _result(client: ServerClient, operation: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = follow_operation(client, operation, quiet=True)["result"]
    return result


def _no_file(folder: Path) -> Path:
    file = folder / "settings.yaml"
    file.touch()
    return file
