"""What is told of the host that a run was taken on."""

import platform

from meshery.performance.environment import capture_host, load_average


def test_the_host_is_described() -> None:
    host = capture_host()
    assert host.host
    assert host.kernel.startswith(platform.system())
    assert host.cpu_count >= 1
    assert host.python_version == platform.python_version()
    assert host.meshery_version
    assert len(host.load_average_before) == len(load_average()) == 3
