"""Where an http address leads: `host:port`, the form in which people register what is theirs."""

from urllib.parse import urlsplit

from meshery.core.errors import InvalidInputError


def endpoint_of(url: str) -> str:
    """The `host:port` an address leads to, its host in lower case.

    InvalidInputError when it is no address (RFC 3986) at all.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise no_address(url) from error
    return f"{(parts.hostname or '').lower()}:{port}"


def host_port(host: str, port: int | str) -> str:
    """`host:port`; an IPv6 address stands in brackets (RFC 3986)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def no_address(url: str) -> InvalidInputError:
    """What is wrong with `url`, in words."""
    return InvalidInputError(
        f"{url[:200]!r} is not an http or https address", remedy="write https://host/path"
    )
