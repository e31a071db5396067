"""HTTP to the outside, guarded: what a person or a document names is hostile until checked.

Before each hop the scheme is checked and the host resolved; private, loopback, link-local and
reserved addresses are refused unless the host was registered. The connection goes to the checked
address itself, so a second answer of the resolver cannot slip in between (DNS rebinding), and
redirects are followed one by one through the same check. Size and time are bounded.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from urllib.parse import urljoin

import httpx2
import msgspec

from meshery.core.endpoints import endpoint_of, no_address
from meshery.core.errors import ForbiddenError, LimitError, UnavailableError

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
    form: Mapping[str, str] | None = None,
    trust: ssl.SSLContext | None = None,
    registered: Collection[str] = (),
    max_bytes: int = 10_485_760,
    timeout_s: float = 20.0,
) -> Fetched:
    """GET `url`, or POST the fields of `form` to it: a redirect is then the answer.

    `registered` holds `host:port` pairs a person connected on purpose; they may be private.
    `trust` says whose certificates are good, in place of the usual authorities.

    Raises InvalidInputError (not an http URL), ForbiddenError (address not allowed), LimitError
    (too large, too many redirects) and UnavailableError (no answer in `timeout_s`).
    """
    try:
        async with asyncio.timeout(timeout_s):
            hop = _Hop("GET" if form is None else "POST", dict(headers or {}), form, trust)
            return await _follow(url, hop, registered, max_bytes)
    except TimeoutError as error:
        raise UnavailableError(f"no answer from {url} within {timeout_s:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UnavailableError(
            f"cannot fetch {url}", cause=str(error), remedy="check the address and the network"
        ) from error


class _Hop(msgspec.Struct, frozen=True):
    """What is sent to each address, but credentials only to the first host."""

    method: str
    headers: dict[str, str]
    form: Mapping[str, str] | None
    trust: ssl.SSLContext | None


async def _follow(url: str, hop: _Hop, registered: Collection[str], max_bytes: int) -> Fetched:
    origin = endpoint_of(url)
    for _ in range(MAX_REDIRECTS + 1):
        endpoint = endpoint_of(url)
        address = await checked_address(url, registered=registered)
        # Credentials belong to the host that they were given for.
        sent = hop if endpoint == origin else msgspec.structs.replace(hop, headers={})
        answer = await _ask(url, address, sent, max_bytes)
        location = answer.headers.get("location")
        is_redirect = answer.status in {301, 302, 303, 307, 308} and location and hop.form is None
        if not is_redirect:
            return answer
        url = urljoin(url, location or "")
    raise LimitError(
        f"more than {MAX_REDIRECTS} redirects", remedy="fetch the final address directly"
    )


async def checked_address(url: str, *, registered: Collection[str] = ()) -> str:
    """Resolve the host of `url` and return one address that may be asked.

    ForbiddenError when any of them may not.
    """
    endpoint = endpoint_of(url)
    host, _, port = endpoint.rpartition(":")
    if not url.lower().startswith(("http://", "https://")) or not host:
        raise no_address(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM
        )
    except UnicodeError as error:  # no name that the resolver could be asked for
        raise no_address(url) from error
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


async def _ask(url: str, address: str, hop: _Hop, max_bytes: int) -> Fetched:
    asked = httpx2.URL(url)
    host = asked.netloc.decode()
    request_headers = {"Host": host, "User-Agent": "meshery", **hop.headers}
    async with (
        httpx2.AsyncClient(
            verify=hop.trust or True, trust_env=False, follow_redirects=False
        ) as client,
        client.stream(
            hop.method,
            asked.copy_with(host=address),
            headers=request_headers,
            data=hop.form,
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
