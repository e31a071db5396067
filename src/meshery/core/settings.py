"""The one tree of settings: where each value comes from, what it means, and in which unit.

Order, the later wins: the default here, the file `settings.yaml` in Meshery's home, the environment
(`MESHERY_SERVER_PORT` for `server.port`), then flags. `load_settings` returns the tree and each
value's origin; all faults of a file are reported at once, with their lines.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from meshery.core import paths
from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument, read_yaml


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
    stream_replicas: Annotated[
        int, Meta(ge=1, le=5, description="Copies of each stream in a cluster of NATS servers")
    ] = 1


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


class KubernetesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Connected clusters."""

    exec_commands: Annotated[
        tuple[str, ...], _text("Programs that an uploaded kubeconfig may run to log in")
    ] = ()
    check_every: Annotated[
        str, _text("How often connected clusters are asked whether they answer")
    ] = "30s"


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long finished rows are kept; 0s keeps them for ever."""

    operations: Annotated[str, _text("Finished operations")] = "720h"
    events: Annotated[str, _text("Events, in the database and in the stream")] = "720h"
    results: Annotated[str, _text("Performance results")] = "0s"
    changes: Annotated[str, _text("Changes of objects in clusters")] = "168h"


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
    kubernetes: KubernetesSettings = KubernetesSettings()
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


class _Draft:
    """The tree while it is gathered: values, where each came from, and the faults seen so far."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.document = YamlDocument({}, {}, "")

    def place(self, name: str, value: Any, origin: str) -> None:
        node = self.tree
        *parents, leaf = name.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
        self.origins[name] = origin


def load_settings(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> LoadedSettings:
    """Read the tree from file, environment and flags (dotted names, None = not given).

    InvalidInputError lists every fault, with its line where it stands in the file.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    home = str(given.get("home") or environment.get("MESHERY_HOME") or "")
    usual = (Path(home).expanduser() if home else paths.default_home()) / "settings.yaml"
    types = dict(_types(Settings))
    draft = _Draft()
    if file is not None or usual.exists():
        _read_file(draft, file or usual, types)
    for name, hint in types.items():
        text = environment.get(environment_name(name))
        if text is not None:
            origin = f"environment {environment_name(name)}"
            draft.place(name, _from_text(text, hint), origin)
    for name, value in given.items():
        draft.place(name, value, "flag")
    _check(draft, types)
    _raise_problems(draft.problems)
    return LoadedSettings(msgspec.convert(draft.tree, Settings), draft.origins)


def _read_file(draft: _Draft, source: Path, types: Mapping[str, Any]) -> None:
    draft.document = document = read_yaml(source)
    if not isinstance(document.data, dict | None):
        draft.problems.append(Problem("", f"{source} is not a mapping of settings", 1))
        return
    sections = {name.split(".")[0] for name in types if "." in name}
    for name, value in _flatten(document.data):
        if name in types:
            draft.place(name, value, f"file {source}")
        else:
            what = "is a section, not a value" if name in sections else "unknown setting"
            hint = _nearest(name, types)
            draft.problems.append(Problem(name, what, document.line(name), hint))


def _raise_problems(problems: list[Problem]) -> None:
    if not problems:
        return
    raise InvalidInputError(
        f"{len(problems)} setting{'s' if len(problems) > 1 else ''} cannot be used",
        cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
        remedy="correct them; `mesheryctl system settings` lists every name and its meaning",
        code="meshery.settings",
        problems=problems,
    )


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
        "kubernetes.check_every",
        "retention.operations",
        "retention.events",
        "retention.results",
        "retention.changes",
    }
)


def _check(draft: _Draft, types: Mapping[str, Any]) -> None:
    for name, value in _flatten(draft.tree):
        try:
            converted = msgspec.convert(value, types[name])
            if name in _DURATIONS:
                parse_duration(converted)
        except (msgspec.ValidationError, InvalidInputError) as error:
            origin = draft.origins[name]
            line = draft.document.line(name) if origin.startswith("file") else 0
            draft.problems.append(Problem(name, f"{error} (from {origin})", line))


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


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""
