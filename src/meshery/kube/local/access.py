"""Who may come in: tokens for the API server, and the kubeconfig that clients use them from."""

import csv
import io
import secrets
from collections.abc import Mapping

import yaml

from meshery.core.paths import write_private
from meshery.kube.local.options import Layout, PlaneOptions


def write_access(layout: Layout, options: PlaneOptions, *, url: str) -> Mapping[str, str]:
    """Write the tokens' file and the kubeconfig; the token of each user by name."""
    tokens = {user.name: secrets.token_urlsafe(24) for user in options.users}
    write_private(layout.tokens, _token_file(options, tokens).encode())
    write_private(layout.kubeconfig, kubeconfig_text(layout, options, url=url, tokens=tokens))
    return tokens


def kubeconfig_text(
    layout: Layout, options: PlaneOptions, *, url: str, tokens: Mapping[str, str]
) -> bytes:
    """A kubeconfig with one context for each user; it names the authority's file, not its text."""
    cluster = {"server": url, "certificate-authority": str(layout.authority)}
    names = {user.name: context_name(options, user.name) for user in options.users}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": options.name, "cluster": cluster}],
        "users": [{"name": names[user], "user": {"token": tokens[user]}} for user in tokens],
        "contexts": [
            {"name": name, "context": {"cluster": options.name, "user": name}}
            for name in names.values()
        ],
        "current-context": options.name,
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def context_name(options: PlaneOptions, user: str) -> str:
    """The context of a user: the first one's is called as the cluster."""
    return options.name if user == options.users[0].name else f"{options.name}-{user}"


def _token_file(options: PlaneOptions, tokens: Mapping[str, str]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for user in options.users:
        writer.writerow([tokens[user.name], user.name, user.name, ",".join(user.groups)])
    return file.getvalue()
