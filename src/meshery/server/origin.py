"""Where a request comes from: the Host it names, and the Origin of the page that sent it.

A page of another site can make a browser send requests here, and can point a name of its own at
127.0.0.1 (DNS rebinding). The first is told by `Origin` and `Sec-Fetch-Site`, the second by `Host`.
Pure functions of headers; `server/security.py` decides when they are asked.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from meshery.core.errors import ForbiddenError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SOCKET_SCHEMES = {"ws": "http", "wss": "https"}


def check_host(headers: Headers, *, port: int, allowed: Collection[str]) -> None:
    """ForbiddenError unless the one Host header is ours.

    Loopback names must carry our port; names of `server.allowed_hosts` may carry any (they are
    usually behind a proxy), unless the setting itself names one.
    """
    values = headers.getlist("host")
    if len(values) == 1:
        name, named_port = split_host(values[0])
        if name in LOOPBACK_NAMES and named_port == port:
            return
        if name and (name in allowed or f"{name}:{named_port}" in allowed):
            return
    raise ForbiddenError(
        f"this server is not called {values[0] if values else 'nothing'!r}",
        cause="the Host header names neither this machine with our port nor an allowed host",
        remedy="use http://localhost with the server's port, "
        "or add the name to the setting server.allowed_hosts",
        code="meshery.forbidden.host",
    )


def split_host(text: str, scheme: str = "http") -> tuple[str, int]:
    """Lower-case name (brackets removed) and port of a Host header; empty name when malformed."""
    if any(character in text for character in "/@?#\\ \t,"):
        return "", 0
    try:
        parts = urlsplit(f"{scheme}://{text}")
        return (parts.hostname or "").rstrip("."), parts.port or _DEFAULT_PORTS.get(scheme, 0)
    except ValueError:
        return "", 0


def check_origin(headers: Headers, *, scheme: str, needs_proof: bool) -> None:
    """ForbiddenError when a page of another origin sent the request.

    With `needs_proof` (the caller shows a cookie) the browser must say where it comes from; a
    program with the token sends neither header and passes.
    """
    origins = headers.getlist("origin")
    sites = headers.getlist("sec-fetch-site")
    if any(site not in {"same-origin", "none"} for site in sites):
        raise _foreign(f"a page of another site ({sites[0]})")
    host = headers.get("host", "")
    if any(not _is_own(origin, host, scheme) for origin in origins):
        raise _foreign(f"a page of {origins[0]}")
    if needs_proof and not origins and "same-origin" not in sites:
        raise _foreign("a page that does not say where it comes from")


def _is_own(origin: str, host: str, scheme: str) -> bool:
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or parts.path:
        return False
    own = split_host(host, parts.scheme)
    # Under an allowed name a proxy may speak TLS for us; on loopback there is none.
    if own[0] in LOOPBACK_NAMES and parts.scheme not in {scheme, _SOCKET_SCHEMES.get(scheme)}:
        return False
    return split_host(parts.netloc, parts.scheme) == own


def _foreign(who: str) -> ForbiddenError:
    return ForbiddenError(
        f"{who} may not use this server",
        cause="requests and sockets of browsers are accepted from our own pages only",
        remedy="open Meshery's own pages with `mesheryctl system dashboard`; "
        "programs send `Authorization: Bearer` with the token and no Origin",
        code="meshery.forbidden.origin",
    )
