"""What the room speaks about: releases and their revisions, what a chart renders to, findings.

The nouns are Helm's own (helm.sh/docs/glossary); they are plain data and cross a pipe as JSON.
"""

import hashlib
from typing import Any, Literal

import msgspec

Object = dict[str, Any]
"""A Kubernetes object as it is written: plain JSON types."""

Values = dict[str, Any]
"""What a person sets; what is not set, the chart's own `values.yaml` says."""

Status = Literal[
    "unknown",
    "deployed",
    "uninstalled",
    "superseded",
    "failed",
    "uninstalling",
    "pending-install",
    "pending-upgrade",
    "pending-rollback",
]
"""How a revision stands. `pending-*` of a call that nobody makes any more needs `recovery`."""


class Capabilities(msgspec.Struct, frozen=True):
    """What templates are told of the cluster: its version (`v1.33.2`) and further API versions.

    Empty is Helm's own default. An API version is `group/version` or `group/version/Kind`.
    """

    kubernetes: str = ""
    api_versions: tuple[str, ...] = ()


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a release, without what it holds. `deployed_at` is RFC 3339."""

    name: str
    namespace: str
    revision: int
    status: Status
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    deployed_at: str = ""


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """An object that Helm makes at certain events (`pre-install`, `post-upgrade`).

    `phase` is how its last run ended: `Succeeded`, `Failed`, `Running`, or empty. Hooks are not
    removed with their release, unless `delete_policies` says so.
    """

    events: tuple[str, ...]
    document: Object
    phase: str = ""
    delete_policies: tuple[str, ...] = ()


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release at one revision, as the cluster keeps it; of a dry run, as it would be kept.

    `manifest` is the text that Helm stores, `objects` are the same, read. `values` are those that
    a person set.
    """

    name: str
    namespace: str
    revision: int
    status: Status
    chart: str
    chart_version: str
    app_version: str = ""
    deployed_at: str = ""
    description: str = ""
    notes: str = ""
    manifest: str = ""
    objects: tuple[Object, ...] = ()
    hooks: tuple[Hook, ...] = ()
    values: Values = {}

    @property
    def digest(self) -> str:
        """The digest of the manifest: two releases with the same one hold the same objects."""
        return f"sha256:{hashlib.sha256(self.manifest.encode()).hexdigest()}"


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart comes to: objects, hooks, the definitions of its `crds/` folders, and notes.

    `files` are the texts by the template's path, for a person or a GitOps folder.
    """

    objects: tuple[Object, ...]
    hooks: tuple[Hook, ...] = ()
    crds: tuple[Object, ...] = ()
    notes: str = ""
    files: dict[str, str] = {}


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A release that was uninstalled.

    `kept` are objects that Helm leaves: those with the policy `keep`, and hooks without a policy
    that deletes them. Definitions of `crds/` folders are never removed, and not among these.
    """

    revision: Revision
    kept: tuple[Object, ...] = ()
    told: str = ""


class Finding(msgspec.Struct, frozen=True):
    """What a lint found in the chart's file `path`."""

    severity: Literal["info", "warning", "error"]
    path: str
    message: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a chart that a repository offers. `digest` is hex SHA-256, empty if unsaid."""

    version: str
    app_version: str = ""
    kubernetes: str = ""
    urls: tuple[str, ...] = ()
    digest: str = ""
    created: str = ""
    deprecated: bool = False


class Offered(msgspec.Struct, frozen=True):
    """What an index says of one chart, and the names of all charts in it."""

    entries: tuple[Entry, ...]
    names: tuple[str, ...]
