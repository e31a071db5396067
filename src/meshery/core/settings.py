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
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from meshery.core import paths
from meshery.core.durations import parse_duration
from meshery.core.settings_draft import LENGTH, Draft, environment_name

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def _text(description: str) -> Meta:
    return Meta(description=description)


def _length(description: str) -> Meta:
    """A Go duration of nothing or more."""
    return Meta(description=description, extra={LENGTH: "zero or more"})


def _positive_length(description: str) -> Meta:
    """A Go duration that is not zero: zero would make a loop without a pause, or a lapsed lease."""
    return Meta(description=description, extra={LENGTH: "more than zero"})


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
    shutdown_grace: Annotated[str, _length("How long open requests may finish on shutdown")] = "3s"


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where rows live."""

    url: Annotated[str, _text("SQLAlchemy URL; empty means SQLite in Meshery's home")] = ""
    busy_timeout: Annotated[
        str, _length("How long a writer waits for another one's lock (SQLite)")
    ] = "10s"
    pool_size: Annotated[
        int, Meta(ge=1, le=200, description="Connections kept open (PostgreSQL)")
    ] = 10


class BusSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """NATS JetStream."""

    url: Annotated[str, _text("An external NATS server; empty starts our own as a child")] = ""
    token_file: Annotated[str, _text("File with the token of the NATS server")] = ""
    tls_ca_file: Annotated[str, _text("Certificate authority of an external NATS server")] = ""
    tls_hostname: Annotated[
        str, _text("Name in the certificate of an external NATS server, if not its address")
    ] = ""
    max_payload_bytes: Annotated[int, Meta(ge=65_536, description="Largest message, in bytes")] = (
        8_388_608
    )
    stream_replicas: Annotated[
        int, Meta(ge=1, le=5, description="Copies of each stream in a cluster of NATS servers")
    ] = 1


class LeafSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the NATS of clusters connects to us, in place of our reaching it."""

    listen: Annotated[
        str, _text("Address, host:port, for leaf nodes of clusters; empty: nobody connects to us")
    ] = ""
    url: Annotated[
        str, _text("The same as clusters reach it, such as tls://meshery.example:7422")
    ] = ""
    certificate_file: Annotated[
        str, _text("Certificate (PEM) shown to clusters; demanded off loopback")
    ] = ""
    key_file: Annotated[str, _text("Private key of that certificate")] = ""
    ca_file: Annotated[
        str, _text("Authority of that certificate, given to clusters; empty: one known to all")
    ] = ""


class WorkerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations workers."""

    embedded: Annotated[bool, _text("Start one worker as the server's child")] = True
    host: Annotated[
        str, _text("Name of this host in queues of host-bound work; empty means the host name")
    ] = ""
    concurrency: Annotated[int, Meta(ge=1, le=64, description="Operations at once in a worker")] = 8
    lease: Annotated[str, _positive_length("How long a claim holds without a beat")] = "15s"
    beat: Annotated[str, _positive_length("How often a claim is renewed")] = "5s"
    republish_after: Annotated[
        str, _positive_length("When an unclaimed operation is announced again")
    ] = "5s"


class LoadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hard caps of load tests; a profile that passes one is refused."""

    max_rps: Annotated[
        int, Meta(ge=1, description="Requests per second of one run, all arms together")
    ] = 50_000
    max_connections: Annotated[int, Meta(ge=1, description="Open connections of one run")] = 2_048
    max_duration: Annotated[str, _positive_length("Longest run")] = "1h"
    max_body_bytes: Annotated[int, Meta(ge=0, description="Largest request body, in bytes")] = (
        1_048_576
    )


class SandboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mesh on this machine."""

    max_sidecars: Annotated[int, Meta(ge=1, description="Sidecars of all sandboxes together")] = 60
    ready_timeout: Annotated[
        str, _positive_length("How long a sandbox may take to become ready")
    ] = "30s"
    certificate_lifetime: Annotated[
        str, _positive_length("Lifetime of a workload certificate; rotated at half of it")
    ] = "24h"


class KubernetesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Connected clusters."""

    exec_commands: Annotated[
        tuple[str, ...], _text("Programs that an uploaded kubeconfig may run to log in")
    ] = ()
    oidc_issuers: Annotated[
        tuple[str, ...],
        _text("OpenID Connect issuers, `host:port`, that may be asked on a private address"),
    ] = ()
    check_every: Annotated[
        str, _positive_length("How often connected clusters are asked whether they answer")
    ] = "30s"
    operator_image: Annotated[
        str,
        _text("Image of operator and watcher in clusters, with tag or digest; empty: our own"),
    ] = ""
    broker_image: Annotated[
        str, _text("Image of NATS in clusters, with tag or digest; empty: the usual one")
    ] = ""


class AdapterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The host of adapters, `meshery adapter`."""

    host: Annotated[
        str, _text("Address that adapters listen on; other than loopback demands TLS and a login")
    ] = "127.0.0.1"
    ports: Annotated[
        tuple[str, ...], _text("Other ports than the meshes' own, each as NAME=PORT")
    ] = ()
    token_file: Annotated[
        str, _text("File with the token that callers show; empty: one of our own in the home")
    ] = ""
    certificate_file: Annotated[str, _text("Certificate (PEM) of adapters; empty: no TLS")] = ""
    key_file: Annotated[str, _text("Private key of that certificate")] = ""
    callers_ca_file: Annotated[
        str, _text("Authority whose certificates callers must show; empty: none")
    ] = ""
    allow_plain: Annotated[
        bool, _text("Serve without token and TLS, as the original's servers call adapters")
    ] = False
    refresh: Annotated[
        str, _length("How often vendors' indexes are asked for versions; 0s: never")
    ] = "24h"
    index_hosts: Annotated[
        tuple[str, ...],
        _text("Mirrors of indexes, `host:port`, that may be asked on a private address"),
    ] = ()


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long finished rows are kept; 0s keeps them for ever."""

    operations: Annotated[str, _length("Finished operations")] = "720h"
    events: Annotated[str, _length("Events, in the database and in the stream")] = "720h"
    results: Annotated[str, _length("Performance results")] = "0s"
    changes: Annotated[str, _length("Changes of objects in clusters")] = "168h"


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
    leaf: LeafSettings = LeafSettings()
    worker: WorkerSettings = WorkerSettings()
    load: LoadSettings = LoadSettings()
    sandbox: SandboxSettings = SandboxSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    adapter: AdapterSettings = AdapterSettings()
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
        url = self.database.url or f"sqlite:///{self.home_path / 'meshery.db'}"
        scheme, _, place = url.partition("://")
        return f"{_DRIVERS.get(scheme, scheme)}://{place}"


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
    """Read the tree from file, environment and flags (dotted names, None = not given).

    InvalidInputError lists every fault, with its line where it stands in the file.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    home = str(given.get("home") or environment.get("MESHERY_HOME") or "")
    usual = (Path(home).expanduser() if home else paths.default_home()) / "settings.yaml"
    draft = Draft(dict(_types(Settings)))
    if file is not None or usual.exists():
        draft.read_file(file or usual)
    draft.read_environment(environment)
    draft.read_flags(given)
    draft.check()
    settings = msgspec.convert(draft.tree, Settings) if not draft.problems else Settings()
    _check_together(settings, draft)
    if not _is_database(settings.database.url):
        draft.fault("database.url", "names neither postgresql://USER@HOST/NAME nor sqlite:///PATH")
    draft.finish()
    return LoadedSettings(settings, draft.origins)


def _check_together(settings: Settings, draft: Draft) -> None:
    """What single values cannot tell."""
    worker = settings.worker
    if parse_duration(worker.beat) >= parse_duration(worker.lease):
        draft.fault(
            "worker.beat",
            f"{worker.beat} is not shorter than worker.lease ({worker.lease}): "
            "every claim would lapse before it is renewed",
        )


def _is_database(url: str) -> bool:
    """Whether it is the address of a database we know, or empty; nothing of it is shown."""
    scheme, _, place = url.partition("://")
    try:
        urlsplit(url).port  # noqa: B018 - one that is no number is told here
    except ValueError:
        return False
    return not url or (bool(place) and scheme in {*_DRIVERS, *_DRIVERS.values()})


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
