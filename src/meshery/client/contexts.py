"""Which server a command talks to, and the token it shows there.

The first that is given wins: `--server`, `--context`, `current-context` of `config.yaml` (the
original mesheryctl's file, kept), the server that runs in this home, the address of the settings.

The token of this home goes to servers on this machine only, never to a remote one.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from meshery.client.home import read_server_file, running_server
from meshery.core.errors import InvalidInputError
from meshery.core.settings import Settings
from meshery.core.yamlfile import read_yaml

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerAddress(msgspec.Struct, frozen=True):
    """A server and the token for it; `origin` says what chose it."""

    url: str
    token: str
    origin: str


def find_server(
    settings: Settings,
    *,
    server: str = "",
    context: str = "",
    config: Path | None = None,
    token_file: Path | None = None,
) -> ServerAddress:
    """The address and token. InvalidInputError for an unknown context or unreadable token."""
    url, token_path, origin = _choose(settings, server, context, config)
    return ServerAddress(url, _token(settings, url, token_file or token_path), origin)


def _choose(
    settings: Settings, server: str, context: str, config: Path | None
) -> tuple[str, Path | None, str]:
    if server:
        return _with_scheme(server), None, "--server"
    file = config or settings.home_path / "config.yaml"
    if context or config or file.exists():
        found = _from_context(file, context)
        if found:
            return found
    running = running_server(settings.home_path)
    if running:
        return running.url, None, "the server of this home"
    return f"http://{_host(settings)}:{settings.server.port}", None, "settings"


def _from_context(file: Path, wanted: str) -> tuple[str, Path | None, str] | None:
    document: Any = read_yaml(file).data or {}
    contexts = document.get("contexts") or {}
    name = wanted or document.get("current-context") or ""
    if not name:
        return None
    if name not in contexts:
        raise InvalidInputError(
            f"there is no context {name!r} in {file}",
            cause=f"it has {', '.join(contexts) or 'none'}",
            remedy="name one of these with --context, or an address with --server",
            code="meshery.context",
        )
    chosen = contexts[name] or {}
    tokens = {entry.get("name"): entry.get("location") for entry in document.get("tokens") or []}
    location = tokens.get(chosen.get("token"))
    path = (file.parent / location) if location else None
    return _with_scheme(str(chosen.get("endpoint", ""))), path, f"context {name}"


def _token(settings: Settings, url: str, file: Path | None) -> str:
    if file is not None:
        return _read_token(file)
    running = read_server_file(settings.home_path)
    is_ours = urlsplit(url).hostname in _LOOPBACK or (running is not None and running.url == url)
    own = settings.home_path / "token"
    return own.read_text().strip() if is_ours and own.exists() else ""


def _read_token(file: Path) -> str:
    try:
        text = file.read_text().strip()
    except OSError as error:
        raise InvalidInputError(
            f"cannot read the token file {file}",
            cause=str(error.strerror),
            remedy="check --token-file, or the location in config.yaml",
        ) from error
    if text.startswith("{"):  # the original's auth.json
        return str(msgspec.json.decode(text, type=dict[str, Any]).get("token", ""))
    return text


def _with_scheme(url: str) -> str:
    full = url if "://" in url else f"http://{url}"
    if urlsplit(full).scheme not in {"http", "https"} or not urlsplit(full).hostname:
        raise InvalidInputError(
            f"{url!r} is not the address of a server",
            remedy="write it as http://localhost:9081",
            code="meshery.server_address",
        )
    return full.rstrip("/")


def _host(settings: Settings) -> str:
    host = settings.server.host
    return f"[{host}]" if ":" in host else host
