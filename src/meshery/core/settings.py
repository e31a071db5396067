"""The one tree of settings: where each value comes from, what it means, and in which unit.

Order, the later wins: the default here, the file `settings.yaml` in Meshery's home, the environment
(`MESHERY_SERVER_PORT` for `server.port`), then flags. `load_settings` returns the tree and each
value's origin; all faults of a file are reported at once, with their lines.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from meshery.core import paths
from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import read_yaml


def _text(description: str) -> Meta:
    return Meta(description=description)


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP server."""

    host: Annotated[
        str, _text("Address to listen on; other than loopback demands a provider with login")
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="TCP port to listen on; 0 takes a free one")
    ] = 9081
    allowed_hosts: Annotated[
        tuple[str, ...], _text("Host names accepted besides those of loopback")
    ] = ()
    shutdown_grace: Annotated[str, _text("How long open requests may finish on shutdown")] = "3s"


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where rows live."""

    url: Annotated[str, _text("SQLAlchemy URL; empty means SQLite in Meshery's home")] = ""
    busy_timeout: Annotated[
        str, _text("How long a writer waits for another one's lock (SQLite)")
    ] = "10s"
    pool_size: Annotated[
        int, Meta(ge=1, le=200, description="Connections kept open (PostgreSQL)")
    ] = 10


class BusSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """NATS JetStream."""

    url: Annotated[str, _text("An external NATS server; empty starts our own as a child")] = ""
    token_file: Annotated[str, _text("File with the token of the NATS server")] = ""
    tls_ca_file: Annotated[str, _text("Certificate authority of an external NATS server")] = ""
    max_payload_bytes: Annotated[int, Meta(ge=65_536, description="Largest message, in bytes")] = (
        8_388_608
    )


class WorkerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations workers."""

    embedded: Annotated[bool, _text("Start one worker as the server's child")] = True
    host: Annotated[
        str, _text("Name of this host in queues of host-bound work; empty means the host name")
    ] = ""
    concurrency: Annotated[int, Meta(ge=1, le=64, description="Operations at once in a worker")] = 8
    lease: Annotated[str, _text("How long a claim holds without a beat")] = "15s"
    beat: Annotated[str, _text("How often a claim is renewed")] = "5s"
    republish_after: Annotated[str, _text("When an unclaimed operation is announced again")] = "5s"


class LoadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hard caps of load tests; a profile that passes one is refused."""

    max_rps: Annotated[
        int, Meta(ge=1, description="Requests per second of one run, all arms together")
    ] = 50_000
    max_connections: Annotated[int, Meta(ge=1, description="Open connections of one run")] = 2_048
    max_duration: Annotated[str, _text("Longest run")] = "1h"
    max_body_bytes: Annotated[int, Meta(ge=0, description="Largest request body, in bytes")] = (
        1_048_576
    )


class SandboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mesh on this machine."""

    max_sidecars: Annotated[int, Meta(ge=1, description="Sidecars of all sandboxes together")] = 60
    ready_timeout: Annotated[str, _text("How long a sandbox may take to become ready")] = "30s"
    certificate_lifetime: Annotated[
        str, _text("Lifetime of a workload certificate; rotated at half of it")
    ] = "24h"


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long finished rows are kept; 0s keeps them for ever."""

    operations: Annotated[str, _text("Finished operations")] = "720h"
    events: Annotated[str, _text("Events, in the database and in the stream")] = "720h"
    results: Annotated[str, _text("Performance results")] = "0s"


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Logs of the processes."""

    level: Annotated[
        str, Meta(pattern="^(debug|info|warning|error)$", description="Least severity written")
    ] = "info"
    format: Annotated[
        str, Meta(pattern="^(json|console)$", description="json for machines, console for eyes")
    ] = "json"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole tree. `home` is where everything of this user's Meshery lives."""

    home: Annotated[
        str, _text("Directory of the database, keys, tokens and logs; empty means ~/.meshery")
    ] = ""
    key_file: Annotated[
        str,
        _text("Key that encrypts secrets at rest, shared by servers; empty means one of our own"),
    ] = ""
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    bus: BusSettings = BusSettings()
    worker: WorkerSettings = WorkerSettings()
    load: LoadSettings = LoadSettings()
    sandbox: SandboxSettings = SandboxSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()

    @property
    def home_path(self) -> Path:
        """Meshery's home as a path; not created here."""
        return Path(self.home).expanduser() if self.home else paths.default_home()

    @property
    def worker_host(self) -> str:
        """This host's name in queues."""
        return self.worker.host or socket.gethostname()

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL, with its asynchronous driver."""
        url = self.database.url or f"sqlite+aiosqlite:///{self.home_path / 'meshery.db'}"
        return url.replace("postgresql://", "postgresql+asyncpg://", 1)


class SettingRow(msgspec.Struct, frozen=True):
    """One setting as a person sees it: dotted name, value, origin, environment name and meaning."""

    name: str
    value: Any
    origin: str
    environment: str
    meaning: str


class LoadedSettings(msgspec.Struct, frozen=True):
    """The tree and, for each dotted name that is not a default, where it came from."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> list[SettingRow]:
        """Every setting with its origin, in the order of the tree."""
        return [
            SettingRow(
                name, value, self.origins.get(name, "default"), environment_name(name), meaning
            )
            for name, value, meaning in _walk(self.settings)
        ]


def load_settings(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> LoadedSettings:
    """Read the tree from file, environment and flags (dotted names).

    InvalidInputError lists every fault with file and line.
    """
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    home = (flags or {}).get("home") or environment.get("MESHERY_HOME") or ""
    source = file or (Path(home).expanduser() if home else paths.default_home()) / "settings.yaml"
    known = {name: meta for name, _, meta in _walk(Settings())}
    types = dict(_types(Settings))
    if file is not None or source.exists():
        document = read_yaml(source)
        for name, value in _flatten(document.data):
            _place(tree, origins, name, value, f"file {source}")
            if name not in known:
                problems.append(
                    Problem(name, "unknown setting", document.line(name), _nearest(name, known))
                )
    for name in known:
        text = environment.get(environment_name(name))
        if text is not None:
            _place(
                tree,
                origins,
                name,
                _from_text(text, types[name]),
                f"environment {environment_name(name)}",
            )
    for name, value in (flags or {}).items():
        if value is not None:
            _place(tree, origins, name, value, "flag")
    lines = read_yaml(source).line if source.exists() else (lambda _name: 0)
    problems += _check(tree, types, origins, lines)
    if problems:
        raise InvalidInputError(
            f"{len(problems)} setting{'s' if len(problems) > 1 else ''} cannot be used",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
            remedy="correct them; `mesheryctl system settings` lists every name and its meaning",
            code="meshery.settings",
            problems=problems,
        )
    return LoadedSettings(msgspec.convert(tree, Settings), origins)


def environment_name(name: str) -> str:
    """`server.port` -> `MESHERY_SERVER_PORT`."""
    return "MESHERY_" + name.upper().replace(".", "_")


_DURATIONS = frozenset(
    {
        "server.shutdown_grace",
        "database.busy_timeout",
        "worker.lease",
        "worker.beat",
        "worker.republish_after",
        "load.max_duration",
        "sandbox.ready_timeout",
        "sandbox.certificate_lifetime",
        "retention.operations",
        "retention.events",
        "retention.results",
    }
)


def _check(
    tree: dict[str, Any], types: Mapping[str, Any], origins: Mapping[str, str], lines: Any
) -> Iterator[Problem]:
    for name, value in _flatten(tree):
        if name not in types:
            continue
        try:
            converted = msgspec.convert(value, types[name])
            if name in _DURATIONS:
                parse_duration(converted)
        except (msgspec.ValidationError, InvalidInputError) as error:
            origin = origins.get(name, "default")
            yield Problem(
                name, f"{error} (from {origin})", lines(name) if origin.startswith("file") else 0
            )


def _walk(node: msgspec.Struct, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    for field in msgspec.structs.fields(type(node)):
        value = getattr(node, field.name)
        if isinstance(value, msgspec.Struct):
            yield from _walk(value, f"{prefix}{field.name}.")
        else:
            meta = field.type.__metadata__[0]
            yield f"{prefix}{field.name}", value, meta.description or ""


def _types(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from _types(hint, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", hint


def _flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in (tree or {}).items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _place(
    tree: dict[str, Any], origins: dict[str, str], name: str, value: Any, origin: str
) -> None:
    node = tree
    *parents, leaf = name.split(".")
    for parent in parents:
        node = node.setdefault(parent, {})
    node[leaf] = value
    origins[name] = origin


def _from_text(text: str, hint: Any) -> Any:
    kind = hint.__origin__
    if kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            text.lower(), text
        )
    if kind is int:
        return int(text) if text.lstrip("-").isdecimal() else text
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _nearest(name: str, known: Mapping[str, str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""
