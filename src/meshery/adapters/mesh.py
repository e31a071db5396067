"""What a mesh is, as data: one `Mesh` for each folder of `meshes/`, and for a vendor's own.

Everything that the product does with a mesh, it does with what stands here: its versions and how
they are ordered, profiles and charts, how workloads join, native kinds, render table, operations,
checks, and where to go when the mesh has ended. Each fact that came from outside carries its date.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from meshery.behaviours.rendering import Renderer, World
from meshery.core.errors import Problem

Object = dict[str, Any]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a mesh lives: `active`, `dormant` (no releases any more), or `ended`.

    `since` is the ISO date of its end or of the last release; `as_of` the date of the fact and
    `source` where it was read. `has_installer` says whether an ended mesh can still be installed.
    """

    state: Literal["active", "dormant", "ended"]
    as_of: str
    source: str
    since: str = ""
    advice: str = ""
    has_installer: bool = True


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a mesh: its name as the vendor writes it, without a leading `v`.

    `kubernetes` are the lowest and highest minor versions that it is said to run on (`1.29`,
    `1.33`), empty texts where nobody says; `charts` maps a chart to the version that carries it.
    """

    name: str
    released: str = ""
    kubernetes: tuple[str, str] = ("", "")
    charts: Mapping[str, str] = {}
    channel: str = "stable"
    ends: str = ""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vendor lists versions: an index of a chart repository, and the chart to look at.

    `of` says which of the two versions of the chart counts: that of the application or its own.
    """

    url: str
    chart: str
    of: Literal["app", "chart"] = "app"


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a mesh: an offline list with its date, newest first, and the living index.

    `ordering`: `semver`, or `calendar` for names such as `edge-26.9.1`.
    """

    known: tuple[Version, ...]
    as_of: str
    source: str
    ordering: Literal["semver", "calendar"] = "semver"
    index: Index | None = None


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of the installation, in the order in which charts are installed.

    `values` are always set; `needs` names charts that come before. `namespace` is where its release
    lives unless a person says otherwise; `fixed_namespace` that nobody may. `crds` tells that the
    chart carries the mesh's CustomResourceDefinitions, `optional` that a profile may leave it out.
    A chart that is installed twice has an `alias` each; profiles and `needs` call it by that.
    `revision_value` is the value that takes the name of a revision, where several may run at once.
    """

    name: str
    repository: str
    release: str
    namespace: str
    values: Mapping[str, Any] = {}
    needs: tuple[str, ...] = ()
    fixed_namespace: bool = False
    crds: bool = False
    optional: bool = False
    alias: str = ""
    revision_value: str = ""

    @property
    def key(self) -> str:
        """What profiles, their values and `needs` call it."""
        return self.alias or self.name


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """A Secret or ConfigMap that charts read: its type, and what is kept under which key.

    `keys` maps `certificate`, `key`, `anchors` or `token` to the key of the data.
    """

    kind: Literal["Secret", "ConfigMap"]
    name: str
    namespace: str
    keys: Mapping[str, str]
    type: str = ""


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """How an installation is given what it signs identities with: by reference, never in values.

    Before the charts `stores` are written: anchors without keys, and the issuer's pair. `values`
    of each chart tell it to read them there. `secret_values` are the paths of values that would
    carry such a thing in clear; what is given there is refused or moved to a store.
    """

    stores: Mapping[str, Store]
    values: Mapping[str, Mapping[str, Any]] = {}
    secret_values: Mapping[str, tuple[str, ...]] = {}
    algorithms: tuple[str, ...] = ()
    note: str = ""


class Injection(msgspec.Struct, frozen=True, kw_only=True):
    """How workloads join: what is set on a namespace, and on one workload's pod template.

    `revision_label` takes the name of a control plane's revision; `mode` says what joins a
    workload: a proxy beside it, the node, an annotation of its Service, or a network client.
    """

    mode: Literal["sidecar", "node", "service", "client"]
    namespace_labels: Mapping[str, str] = {}
    namespace_annotations: Mapping[str, str] = {}
    pod_labels: Mapping[str, str] = {}
    pod_annotations: Mapping[str, str] = {}
    excluding_pod_labels: Mapping[str, str] = {}
    excluding_pod_annotations: Mapping[str, str] = {}
    revision_label: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A way to install: which charts, and their values.

    `injection` says how workloads join where that is another way than the mesh's own.
    """

    name: str
    summary: str
    charts: tuple[str, ...]
    values: Mapping[str, Mapping[str, Any]] = {}
    injection: Injection | None = None


class AddOn(msgspec.Struct, frozen=True, kw_only=True):
    """A tool beside the mesh: its chart, or what the vendor's own manifests hold."""

    name: str
    summary: str
    chart: Chart | None = None
    manifests: tuple[str, ...] = ()


class NativeKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of the mesh's own API: its JSON Schema, and the versions of the mesh that have it.

    `since` is the first version, `until` the first that does not have it any more; empty texts
    where it always was and still is.
    """

    api_version: str
    kind: str
    summary: str
    schema: Mapping[str, Any] = {}
    since: str = ""
    until: str = ""
    is_namespaced: bool = True


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """An operation of the original's adapters that ours keeps: its id and text to the letter.

    `does` says what it comes to here: `install`, `inject`, an `add-on`, a `sample`, `manifest`s
    written by us, a `check`, `custom` YAML, or `conformance`. `argument` names which.
    """

    key: str
    text: str
    category: Literal["install", "sample", "configure", "validate", "custom"]
    does: Literal[
        "install", "inject", "add-on", "sample", "manifest", "check", "custom", "conformance"
    ]
    argument: str = ""
    manifests: Callable[[World], Sequence[Object]] | None = None


Validator = Callable[[Sequence[Object]], Sequence[Problem]]
"""A check of native objects, all at once: what is wrong, each with path, message and hint."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """A way to another mesh: why that one, and the translation of native objects to behaviours.

    `read` answers the documents of neutral behaviours that the objects come to, and a line for each
    thing that has no equivalent.
    """

    to: str
    why: str
    read: Callable[[Sequence[Object]], tuple[Sequence[Mapping[str, Any]], Sequence[str]]]


class Mesh(msgspec.Struct, frozen=True, kw_only=True):
    """One service mesh.

    `name` as in `mesh list`; `smp` the literal of Service Mesh Performance's enumeration, which is
    what the original's adapters call themselves; `port` the one that its adapter answers at.
    `is_network` tells that it is a network plug-in of Kubernetes as well: where no other is there,
    pods have no network without it, so it is never removed, only made to do less.
    """

    name: str
    title: str
    smp: str
    port: int
    status: Status
    versions: Versions
    render: Renderer
    injection: Injection | None = None
    profiles: tuple[Profile, ...] = ()
    charts: tuple[Chart, ...] = ()
    trust: Trust | None = None
    kinds: tuple[NativeKind, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    operations: tuple[Operation, ...] = ()
    validators: Mapping[str, Validator] = {}
    migrations: tuple[Migration, ...] = ()
    is_network: bool = False
