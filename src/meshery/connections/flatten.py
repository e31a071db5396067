"""A kubeconfig flattened: every file it names read in, so that the text stands for itself.

It runs on the person's own machine, before anything is sent; the server refuses file references.
"""

import base64
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError, MesheryError
from meshery.kube.access import Access, Credentials
from meshery.kube.fieldreader import MAX_FILE_BYTES
from meshery.kube.kubeconfig import OWN, Kubeconfig

BATCH = 20
"""Contexts sent at once: so many clusters are asked before the server must answer."""
BATCH_BYTES = 900_000


class Flattened(msgspec.Struct, frozen=True):
    """`accesses` are the contexts that can be used; `refused` are the others, and why."""

    accesses: tuple[Access, ...]
    refused: dict[str, MesheryError]

    def batches(self) -> Iterator[tuple[list[str], bytes]]:
        """The names and the JSON of kubeconfigs small enough to be sent."""
        names: list[str] = []
        chosen: list[Access] = []
        size = 0
        for access in self.accesses:
            weight = len(msgspec.json.encode(access)) * 4 // 3  # PEM becomes base64 once more
            if chosen and (len(chosen) == BATCH or size + weight > BATCH_BYTES):
                yield names, msgspec.json.encode(kubeconfig_of(chosen))
                names, chosen, size = [], [], 0
            names.append(access.name)
            chosen.append(access)
            size += weight
        if chosen:
            yield names, msgspec.json.encode(kubeconfig_of(chosen))


def flatten(config: Kubeconfig, names: Collection[str] = ()) -> Flattened:
    """Flatten the contexts `names`, or all of them. Files are read here."""
    accesses: list[Access] = []
    refused: dict[str, MesheryError] = {}
    for name in dict.fromkeys(names or config.contexts):
        try:
            accesses.append(_without_files(config.access(name, trust=OWN)))
        except MesheryError as error:
            refused[name] = error
    return Flattened(tuple(accesses), refused)


def _without_files(access: Access) -> Access:
    """The token file's content in the token's place."""
    named = access.credentials.token_file
    if not named:
        return access
    try:
        path = Path(named)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInputError(f"the token file {named} of {access.name!r} is too large")
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(
            f"the token file of the context {access.name!r} cannot be read",
            cause=f"{named}: {getattr(error, 'strerror', None) or 'it is no text'}",
            remedy="correct tokenFile, or give the token itself",
        ) from error
    credentials = msgspec.structs.replace(access.credentials, token=token, token_file="")
    return msgspec.structs.replace(access, credentials=credentials)


def kubeconfig_of(accesses: Sequence[Access]) -> dict[str, Any]:
    """A kubeconfig of these contexts. What it names as files stays outside."""
    # One cluster and one user for each context: two files may give one name to different ones.
    listed: dict[str, list[Any]] = {"contexts": [], "clusters": [], "users": []}
    for access in accesses:
        name = access.name
        link = {"cluster": name, "user": name, "namespace": access.namespace}
        listed["contexts"].append({"name": name, "context": link})
        listed["clusters"].append({"name": name, "cluster": _cluster(access)})
        listed["users"].append({"name": name, "user": _user(access.credentials)})
    return {"apiVersion": "v1", "kind": "Config", **listed}


def _cluster(access: Access) -> dict[str, Any]:
    fields = {
        "server": access.server,
        "certificate-authority-data": _encoded(access.ca),
        "insecure-skip-tls-verify": access.insecure,
        "tls-server-name": access.tls_server_name,
        "proxy-url": access.proxy_url,
    }
    return _given(fields)


def _user(found: Credentials) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "client-certificate-data": _encoded(found.certificate),
        "client-key-data": _encoded(found.key),
        "token": found.token,
        "username": found.username,
        "password": found.password,
        "as": found.act_as,
        "as-groups": list(found.act_as_groups),
        "as-uid": found.act_as_uid,
        "as-user-extra": {name: list(values) for name, values in found.act_as_extra.items()},
    }
    return _given({**fields, "exec": _exec(found), "auth-provider": _oidc(found)})


def _exec(found: Credentials) -> dict[str, Any]:
    plugin = found.exec
    if plugin is None:
        return {}
    fields = {
        "apiVersion": plugin.api_version,
        "command": plugin.command,
        "args": list(plugin.arguments),
        "env": [{"name": name, "value": value} for name, value in plugin.environment.items()],
        "installHint": plugin.install_hint,
        "provideClusterInfo": plugin.provide_cluster,
        "interactiveMode": "Never",
    }
    return _given(fields)


def _oidc(found: Credentials) -> dict[str, Any]:
    provider = found.oidc
    if provider is None:
        return {}
    fields = {
        "idp-issuer-url": provider.issuer,
        "client-id": provider.client_id,
        "client-secret": provider.client_secret,
        "id-token": provider.id_token,
        "refresh-token": provider.refresh_token,
        "idp-certificate-authority-data": _encoded(provider.ca),
    }
    return {"name": "oidc", "config": _given(fields)}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
