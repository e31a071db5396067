"""The connection pool to one API server: the official client's, set up from an `Access`.

Only this module knows `kubernetes.aio`; it gives an `aiohttp` session with TLS, proxy and pool.
The client is loaded with the first cluster: it has 300 modules, and a process may never need them.
"""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from meshery.core.errors import DeadlineError, InvalidInputError
from meshery.kube.access import Access
from meshery.kube.errors import Status, certificate_refused, refusal, unreachable

if TYPE_CHECKING:
    from kubernetes.aio.client.rest import RESTClientObject

CONNECTIONS = 1_000
"""Most connections to one API server. Each watch holds one, and clusters have hundreds of kinds."""


class Transport:
    """An open pool. `options` go with every request (proxy, name in the certificate)."""

    def __init__(self, access: Access, *, certificate: str = "", key: str = "") -> None:
        self._rest = _rest_client(access, certificate, key)
        self.session: aiohttp.ClientSession = self._rest._create_pool_manager()  # noqa: SLF001 - documented there as the hook of subclasses
        self._rest.pool_manager = self.session
        self.options: dict[str, Any] = {}
        if access.tls_server_name:
            self.options["server_hostname"] = access.tls_server_name
        if access.proxy_url:
            self.options["proxy"] = access.proxy_url

    async def close(self) -> None:
        """Close every connection."""
        await self._rest.close()


def _rest_client(access: Access, certificate: str, key: str) -> "RESTClientObject":
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTClientObject

    settings = Configuration(
        host=access.server,
        ca_cert_data=access.ca or None,
        verify_ssl=not access.insecure,
        connection_pool_maxsize=CONNECTIONS,
        client_session_kwargs={
            "cookie_jar": aiohttp.DummyCookieJar(),
            # As Go does: the environment's proxy is not asked to reach this very machine.
            "trust_env": not is_loopback(access.server),
        },
    )
    # Many clusters' own authorities lack what RFC 5280 asks for; kubectl accepts them as well.
    settings.disable_strict_ssl_verification = True
    with ExitStack() as stack:
        if certificate:
            # OpenSSL reads keys from files only. They are private, and gone once they are read.
            # A pod has a token instead, and need not have a place to write to.
            folder = stack.enter_context(TemporaryDirectory(prefix="meshery-kube-"))
            settings.cert_file = _private(Path(folder) / "certificate", certificate)
            settings.key_file = _private(Path(folder) / "key", key)
        try:
            return RESTClientObject(settings)
        except (ssl.SSLError, ValueError) as error:
            raise InvalidInputError(
                f"the certificates for {access.server} cannot be used",
                cause=str(error),
                remedy="check the certificate authority, the client certificate and its key",
                code="meshery.kube.certificate",
            ) from error


def _private(path: Path, text: str) -> str:
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)


def is_loopback(server: str) -> bool:
    """Whether an address is of this very machine."""
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def translated(server: str, asked: str) -> Iterator[None]:
    """Errors of the connection, while `asked` is under way, as those of `kube/errors.py`."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        inner = error.certificate_error
        if isinstance(inner, ssl.SSLCertVerificationError):
            raise certificate_refused(server, inner) from error
        raise unreachable(server, error) from error
    except aiohttp.WSServerHandshakeError as error:
        # The library drops the body, in which the server says more.
        said = Status(message=f"the stream was refused (HTTP status {error.status})")
        raise refusal(error.status, said, asked=asked) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise unreachable(server, error) from error
    except TimeoutError as error:
        raise DeadlineError(
            f"{server} did not answer {asked} in time",
            cause="the request was given up" if not str(error) else str(error),
            remedy="try again, or allow more time",
            code="meshery.kube.deadline",
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(server, error) from error
