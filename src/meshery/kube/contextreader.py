"""One context of a kubeconfig, its cluster and its user, read into an `Access`.

Every fault of the three is told at once, with its line; what the file is not trusted to do is told
apart, so that the remedy fits.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import msgspec

from meshery.core.endpoints import endpoint_of
from meshery.core.errors import Problem
from meshery.kube.access import Access, Credentials, ExecPlugin, Oidc
from meshery.kube.fieldreader import Entry, FieldReader

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_HARMLESS = frozenset({"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"})
"""What an uploaded file may set for a permitted program: PATH or LD_PRELOAD would replace it."""


def read_context(
    context: Entry,
    *,
    clusters: Mapping[str, Entry],
    users: Mapping[str, Entry],
    programs: Collection[str] | None,
    issuers: Collection[str] | None,
    files: bool,
) -> tuple[Access | None, list[Problem], list[Problem]]:
    """The access, its faults, and what was refused.

    `programs` None permits every program; `issuers` are those that may be private, None: its own.
    """
    problems: list[Problem] = []
    refused: list[Problem] = []

    def reader(entry: Entry) -> FieldReader:
        return FieldReader(entry, files=files, problems=problems, refused=refused)

    head = reader(context)
    cluster, user = head.text("cluster"), head.text("user")
    if cluster not in clusters:
        head.fault("cluster" if cluster else "", f"there is no cluster {cluster!r:.120}")
    if user and user not in users:
        head.fault("user", f"there is no user {user!r:.120}")
    credentials = Credentials()
    if user in users:
        credentials = _credentials(reader(users[user]), programs, issuers)
    access = None
    if cluster in clusters:
        access = _cluster(reader(clusters[cluster]), name=context.name, credentials=credentials)
        namespace = head.text("namespace") or "default"
        access = msgspec.structs.replace(access, namespace=namespace, cluster=cluster, user=user)
    return access, problems, refused


def _cluster(reader: FieldReader, *, name: str, credentials: Credentials) -> Access:
    server = _address(reader, "server", ("https", "http"))
    if not reader.text("server"):
        reader.fault("", "has no server")
    ca = reader.pem("certificate-authority")
    insecure = reader.flag("insecure-skip-tls-verify")
    if ca and insecure:
        reader.fault("insecure-skip-tls-verify", "excludes a certificate authority")
    return Access(
        name=name,
        server=server.rstrip("/"),
        credentials=credentials,
        ca=ca,
        insecure=insecure,
        tls_server_name=reader.text("tls-server-name"),
        # SOCKS would need a library of its own; HTTP proxies are what clusters stand behind.
        proxy_url=_address(reader, "proxy-url", ("http", "https")),
    )


def _address(reader: FieldReader, field: str, schemes: Collection[str]) -> str:
    given = reader.text(field)
    if not given:
        return ""
    try:
        parts = urlsplit(given)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        reader.fault(field, f"{given!r:.120} is no address of {' or '.join(schemes)}")
        return ""
    return given


def _credentials(
    reader: FieldReader, programs: Collection[str] | None, issuers: Collection[str] | None
) -> Credentials:
    certificate, key = reader.pem("client-certificate"), reader.pem("client-key")
    if bool(certificate) != bool(key):
        reader.fault("", "client-certificate and client-key need each other")
    token_file = reader.path("tokenFile")
    extra = reader.entry.fields.get("as-user-extra") or {}
    found = Credentials(
        certificate=certificate,
        key=key,
        token=reader.text("token"),
        token_file=str(token_file or ""),
        username=reader.text("username"),
        password=reader.text("password"),
        exec=_plugin(reader.under("exec"), programs) if reader.entry.fields.get("exec") else None,
        oidc=_provider(reader.under("auth-provider"), issuers)
        if reader.entry.fields.get("auth-provider")
        else None,
        act_as=reader.text("as"),
        act_as_groups=reader.texts("as-groups"),
        act_as_uid=reader.text("as-uid"),
        act_as_extra={
            str(name): reader.under("as-user-extra").texts(name)
            for name in (extra if isinstance(extra, dict) else {})
        },
    )
    ways = [way for way in found.kinds if way != "client certificate"]
    if len(ways) > 1:
        reader.fault("", f"has several ways to log in: {', '.join(ways)}; leave one")
    return found


def _plugin(reader: FieldReader, programs: Collection[str] | None) -> ExecPlugin | None:
    command = reader.text("command")
    if not command:
        reader.fault("", "has no command")
    if programs is not None and command not in programs:
        reader.refuse("command", f"runs the program {command!r:.120}")
        return None
    version = reader.text("apiVersion")
    if version not in _EXEC_VERSIONS:
        reader.fault("apiVersion", f"is {version!r:.60}; known: {', '.join(_EXEC_VERSIONS)}")
    if reader.text("interactiveMode") == "Always":
        reader.fault("interactiveMode", "this plug-in wants a terminal, and there is none")
    folder = reader.entry.folder
    # As client-go: a command with a slash is relative to the file, a bare name is looked up.
    if "/" in command and folder is not None:
        command = str(folder / command)
    return ExecPlugin(
        command=command,
        arguments=reader.texts("args"),
        environment=_environment(reader, own=programs is None),
        api_version=version,
        install_hint=reader.text("installHint"),
        provide_cluster=reader.flag("provideClusterInfo"),
    )


def _environment(reader: FieldReader, *, own: bool) -> dict[str, str]:
    listed = reader.entry.fields.get("env") or []
    named = [pair for pair in listed if isinstance(pair, dict)] if isinstance(listed, list) else []
    found = {pair["name"]: pair["value"] for pair in named if _is_pair(pair)}
    if not isinstance(listed, list) or len(found) != len(listed):
        reader.fault("env", "must be a list of name and value, each name once")
    for name in sorted(found) if not own else ():
        if name not in _HARMLESS:
            reader.refuse("env", f"sets the variable {name!r:.60} of a program")
    return found


def _is_pair(pair: Mapping[str, object]) -> bool:
    return all(isinstance(pair.get(part), str) for part in ("name", "value"))


def _provider(reader: FieldReader, issuers: Collection[str] | None) -> Oidc | None:
    name = reader.text("name")
    if name != "oidc":
        reader.fault("name", f"the auth-provider {name!r:.60} is gone; use its exec plug-in")
        return None
    config = reader.under("config")
    issuer = _address(config, "idp-issuer-url", ("https",))
    if not config.text("id-token") and not config.text("refresh-token"):
        config.fault("", "has neither id-token nor refresh-token")
    own = [endpoint_of(issuer)] if issuer else []
    return Oidc(
        issuer=issuer,
        client_id=config.text("client-id"),
        client_secret=config.text("client-secret"),
        id_token=config.text("id-token"),
        refresh_token=config.text("refresh-token"),
        ca=config.pem("idp-certificate-authority"),
        registered=tuple(sorted(own if issuers is None else issuers)),
    )
