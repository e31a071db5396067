"""One endpoint of one arm, ready to be sent: its bytes, made once, and the answers it knows."""

import socket
from collections.abc import Callable
from typing import Any

from meshery.performance.native.parser import Head
from meshery.performance.native.plan import EndpointPlan
from meshery.performance.native.recorder import EndpointBook

Lookup = Callable[[Any], Any]
"""From the bytes of an answer to what the loop keeps for it; None when they are not known."""

Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_PROBE_S = 1.0
_MOST_KNOWN = 512
_MOST_BYTES = 1024
_MOST_OVERFLOWS = 4


class Exchange:
    """A request and the answers it got so far.

    `place`: the numbers of its arm and of its endpoint in it.

    `lookup` recognises an answer by its bytes. It gives up for good where answers are large or each
    differs, since hashing them would cost more than parsing.
    """

    __slots__ = (
        "_known",
        "_overflows",
        "bodiless",
        "book",
        "heads",
        "lookup",
        "place",
        "request",
        "size",
    )

    def __init__(self, endpoint: EndpointPlan, *, place: tuple[int, int]) -> None:
        self.place = place
        self.request = request_bytes(endpoint)
        self.size = len(self.request)
        self.bodiless = endpoint.method.upper() == "HEAD"
        self.heads: dict[bytes, Head] = {}
        self.book = EndpointBook()
        self._known: dict[bytes, Any] = {}
        self._overflows = 0
        self.lookup: Lookup = self._known.get

    def learn(self, data: bytes, meaning: object) -> None:
        """Remember a whole answer that keeps the connection open."""
        if len(data) > _MOST_BYTES or self._overflows >= _MOST_OVERFLOWS:
            self.lookup = unknown
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
            self._overflows += 1
        self._known[data] = meaning

    def forget(self) -> None:
        """Drop what was learnt, because its meanings are no longer wanted."""
        self._known.clear()


def unknown(_: object) -> None:
    """The lookup that knows nothing."""


def request_bytes(endpoint: EndpointPlan) -> bytes:
    """The request as it goes over the wire (RFC 9112)."""
    names = {name.lower() for name in endpoint.headers}
    fields = [f"{name}: {value}" for name, value in endpoint.headers.items()]
    if "host" not in names:
        fields.insert(0, f"Host: {_authority(endpoint)}")
    if "user-agent" not in names:
        fields.append("User-Agent: meshery-injector")
    if endpoint.body or endpoint.method.upper() in {"POST", "PUT", "PATCH"}:
        fields.append(f"Content-Length: {len(endpoint.body)}")
    lines = [f"{endpoint.method.upper()} {endpoint.path} HTTP/1.1", *fields, "", ""]
    return "\r\n".join(lines).encode("ascii") + endpoint.body


def resolve(host: str, port: int) -> Address:
    """Where to connect; OSError when the name is not known. Done once, before the first slot.

    Of several addresses (`localhost` has two) the first that accepts a connection is taken.
    """
    found = [
        (family, address)
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    return next(filter(_accepts, found), found[0]) if len(found) > 1 else found[0]


def _accepts(address: Address) -> bool:
    try:
        with socket.socket(address[0], socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_S)
            probe.connect(address[1])
    except OSError:
        return False
    return True


def _authority(endpoint: EndpointPlan) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    usual = 443 if endpoint.tls else 80
    return host if endpoint.port == usual else f"{host}:{endpoint.port}"
