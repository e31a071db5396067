"""HTTP to the outside, guarded: what a person or a document names is hostile until checked.

Before each hop the scheme is checked and the host resolved; private, loopback, link-local and
reserved addresses are refused unless the host was registered. The connection goes to the checked
address itself, so a second answer of the resolver cannot slip in between (DNS rebinding), and
redirects are followed one by one through the same check. Size and time are bounded.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Mapping
from urllib.parse import urljoin, urlsplit

import httpx2
import msgspec

from meshery.core.errors import ForbiddenError, InvalidInputError, LimitError, UnavailableError

MAX_REDIRECTS = 5


class Fetched(msgspec.Struct, frozen=True):
    """An answer.

    Its status, headers (names in lower case), body and the address it finally came from.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


async def fetch(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    registered: Collection[str] = (),
    max_bytes: int = 10_485_760,
    timeout_s: float = 20.0,
) -> Fetched:
    """GET `url`.

    `registered` holds `host:port` pairs a person connected on purpose; they may be private.

    Raises InvalidInputError (not an http URL), ForbiddenError (address not allowed), LimitError
    (too large, too many redirects) and UnavailableError (no answer in `timeout_s`).
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _follow(url, dict(headers or {}), registered, max_bytes)
    except TimeoutError as error:
        raise UnavailableError(f"no answer from {url} within {timeout_s:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UnavailableError(
            f"cannot fetch {url}", cause=str(error), remedy="check the address and the network"
        ) from error


async def _follow(
    url: str, headers: dict[str, str], registered: Collection[str], max_bytes: int
) -> Fetched:
    origin = _endpoint(url)
    for _ in range(MAX_REDIRECTS + 1):
        endpoint = _endpoint(url)
        address = await checked_address(url, registered=registered)
        # Credentials belong to the host that they were given for.
        sent = headers if endpoint == origin else {}
        answer = await _get(url, address, sent, max_bytes)
        location = answer.headers.get("location")
        if answer.status not in {301, 302, 303, 307, 308} or not location:
            return answer
        url = urljoin(url, location)
    raise LimitError(
        f"more than {MAX_REDIRECTS} redirects", remedy="fetch the final address directly"
    )


async def checked_address(url: str, *, registered: Collection[str] = ()) -> str:
    """Resolve the host of `url` and return one address that may be asked.

    ForbiddenError when any of them may not.
    """
    endpoint = _endpoint(url)
    host, _, port = endpoint.rpartition(":")
    if not url.lower().startswith(("http://", "https://")) or not host:
        raise _no_address(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM
        )
    except UnicodeError as error:  # no name that the resolver could be asked for
        raise _no_address(url) from error
    except OSError as error:
        raise UnavailableError(f"the host {host} has no address", cause=str(error)) from error
    addresses = [str(entry[4][0]) for entry in found]
    refused = [
        address
        for address in addresses
        if not ipaddress.ip_address(address.split("%")[0]).is_global
    ]
    if refused and endpoint not in registered:
        raise ForbiddenError(
            f"{host} is a private address",
            cause=f"it resolves to {refused[0]}; an outside document must not reach in",
            remedy="register the endpoint first if it is yours",
            code="meshery.outbound.private",
        )
    return addresses[0]


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _no_address(url) from error
    return f"{(parts.hostname or '').lower()}:{port}"


def _no_address(url: str) -> InvalidInputError:
    return InvalidInputError(
        f"{url[:200]!r} is not an http or https address", remedy="write https://host/path"
    )


async def _get(url: str, address: str, headers: dict[str, str], max_bytes: int) -> Fetched:
    asked = httpx2.URL(url)
    host = asked.netloc.decode()
    request_headers = {"Host": host, "User-Agent": "meshery", **headers}
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client,
        client.stream(
            "GET",
            asked.copy_with(host=address),
            headers=request_headers,
            extensions={"sni_hostname": asked.host},
        ) as response,
    ):
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise LimitError(f"the answer of {url} is larger than {max_bytes} bytes")
        plain = {name.lower(): value for name, value in response.headers.items()}
        return Fetched(response.status_code, plain, bytes(body), url)
