"""Free ports for a sandbox, of TCP and UDP alike, chosen so that they stay free for it.

They come from outside the range the kernel gives to outgoing connections: a port within it may be
some client's own end at the very moment a killed sidecar wants it back. A sandbox keeps its ports
in the store, so that they are the same after a restart.
"""

import random
import socket
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from meshery.core.errors import UnavailableError

_KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _HIGHEST = 15_000, 65_000
_ENOUGH = 2_000


def take_ports(count: int, *, host: str = "127.0.0.1", taken: Collection[int] = ()) -> list[int]:
    """`count` ports nobody listens on and that are not in `taken`; UnavailableError if too few."""
    found = list(islice(_free_ports(host, set(taken)), count))
    if len(found) < count:
        raise UnavailableError(
            f"this machine has only {len(found)} of {count} free ports",
            cause=f"ports {_LOWEST} to {_HIGHEST} outside the kernel's own range are in use",
            remedy="stop another sandbox: `mesheryctl sandbox list`",
            code="meshery.sandbox.ports",
        )
    return found


def is_free(port: int, *, host: str = "127.0.0.1", udp: bool = False) -> bool:
    """Whether a server could listen there now."""
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if not udp:  # for datagrams it would let two sockets share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            if not udp:
                probe.listen(1)
        except OSError:
            return False
    return True


def taken_ports(ports: Iterable[int], *, host: str = "127.0.0.1") -> list[int]:
    """Those of `ports` that somebody else holds."""
    return [port for port in ports if not is_free(port, host=host)]


def _free_ports(host: str, avoided: set[int]) -> Iterator[int]:
    """Free ports one by one, from a random place on, so that two sandboxes seldom meet."""
    candidates = _candidates()
    first = random.randrange(len(candidates))  # noqa: S311 - no secret
    for offset in range(len(candidates)):
        port = candidates[(first + offset) % len(candidates)]
        is_ours = port not in avoided and is_free(port, host=host)
        if is_ours and is_free(port, host=host, udp=True):
            yield port


def _candidates() -> range:
    """The larger part beside the kernel's range; where that leaves too few, all of ours."""
    low, high = _kernel_range()
    below, above = range(_LOWEST, min(low, _HIGHEST)), range(max(high + 1, _LOWEST), _HIGHEST)
    outside = max(below, above, key=len)
    return outside if len(outside) >= _ENOUGH else range(_LOWEST, _HIGHEST)


def _kernel_range() -> tuple[int, int]:
    """The ports of outgoing connections; where it cannot be read, that of RFC 6335."""
    try:
        low, high = _KERNEL_RANGE.read_text(encoding="ascii").split()
    except OSError:
        return 49_152, 65_535
    return int(low), int(high)
