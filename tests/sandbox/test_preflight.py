import ctypes
import os
import socket
from pathlib import Path

import pytest

from meshery.core.errors import ConflictError, LimitError, UnsupportedError
from meshery.sandbox import preflight


def test_finds_the_binary() -> None:
    assert os.access(preflight.envoy_path(), os.X_OK)


def test_a_platform_without_envoy_is_one_clear_error() -> None:
    with pytest.raises(UnsupportedError) as caught:
        preflight.envoy_path("no_package_of_this_name")
    assert "meshery[server,sandbox]" in caught.value.remedy
    assert os.uname().machine in caught.value.what


def test_too_many_sidecars() -> None:
    preflight.check_room(running=50, wanted=10, limit=60)
    with pytest.raises(LimitError, match="6 more sidecars"):
        preflight.check_room(running=55, wanted=6, limit=60)


def test_inotify_instances_in_use_are_counted() -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    with pytest.raises(UnsupportedError) as caught:
        preflight.check_watches(wanted=limit + 1)
    assert "fs.inotify.max_user_instances" in caught.value.remedy
    before = own_watchers()
    descriptors = [ctypes.CDLL(None).inotify_init() for _ in range(3)]
    try:
        assert own_watchers() == before + 3
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def own_watchers() -> int:
    """Of this process alone: others come and go with what runs beside the tests."""
    process = Path(f"/proc/{os.getpid()}")
    return sum(process in each.parents for each in preflight._watchers(os.getuid()))


def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConflictError, match=f"port {port} is taken"):
            preflight.check_ports([port])
    preflight.check_ports([port])


def test_a_path_too_long_for_a_socket() -> None:
    preflight.check_socket_paths(["/tmp/short.sock"])
    with pytest.raises(UnsupportedError, match="too long"):
        preflight.check_socket_paths(["/tmp/" + "x" * 100])
