"""TCP ports of a control plane: below those the kernel gives to outgoing connections.

A killed API server wants its own port back, which some client must not have got meanwhile.
"""

import random
import socket

from meshery.core.errors import ConflictError, UnavailableError

_LOWEST, _HIGHEST = 15_000, 30_000
_TRIES = 500


def free_ports(count: int) -> list[int]:
    """`count` different ports nobody listens on; UnavailableError when too few are found."""
    found: set[int] = set()
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - no secret
        if is_free(port):
            found.add(port)
        if len(found) == count:
            return list(found)
    raise UnavailableError(
        f"this machine has too few free ports between {_LOWEST} and {_HIGHEST}",
        remedy="end programs that listen there: `ss -ltnp`",
        code="meshery.kube.ports",
    )


def is_free(port: int) -> bool:
    """Whether a server could listen there on loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(port: int, *, what: str) -> None:
    """ConflictError when somebody listens on the port that `what` needs."""
    if not is_free(port):
        raise ConflictError(
            f"{what} cannot listen on port {port}",
            cause="another program of this machine listens there",
            remedy=f"end it (`ss -ltnp 'sport = :{port}'`) or choose another port",
            code="meshery.kube.ports",
        )
