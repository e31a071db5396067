"""The rows of fingerprint tables: what tells a part of a mesh, in the words of its own objects.

Patterns are shell globs. Names of images are the last part of their path, in lower case, with `_`
and `.` written `-`.
"""

from typing import Literal

import msgspec

REVISION = "{-revision}"
"""In a ConfigMap's name: nothing for the default revision, else a hyphen and its name."""

Where = Literal["pod-label", "pod-annotation", "namespace-label", "namespace-annotation"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Anything in a table; an unknown key is an error."""


class Images(Row, frozen=True):
    """Names of images.

    `distinct` ones tell by themselves, `common` ones only with a label, a mark or an organisation
    (a component of the image's path) beside them.
    """

    distinct: tuple[str, ...] = ()
    common: tuple[str, ...] = ()


class Mark(Row, frozen=True):
    """A label or annotation; no values = there at all."""

    where: Where
    key: str
    values: tuple[str, ...] = ()


class Source(Row, frozen=True):
    """Where a value stands; exactly one of the first five. `format` and `path` look inside it."""

    label: str = ""
    annotation: str = ""
    env: str = ""
    argument: str = ""
    config_map: str = ""
    key: str = ""
    format: Literal["text", "yaml"] = "text"
    path: str = ""
    of_namespace: bool = False


class Component(Row, frozen=True):
    """A workload that controls the mesh.

    `labels` are alternatives. A component that is no `anchor` also lives without the mesh; it
    counts only beside one that is. Where several share an image, each `needs_label`.
    """

    name: str
    images: Images
    labels: tuple[dict[str, str], ...] = ()
    kinds: tuple[str, ...] = ("Deployment", "StatefulSet", "DaemonSet")
    primary: bool = False
    anchor: bool = True
    needs_label: bool = False


class Managed(Row, frozen=True):
    """An object that stands for a control plane outside the cluster; ready by its conditions."""

    component: str
    kind: str
    group: str
    ready: tuple[str, ...]


class Proxy(Row, frozen=True):
    """The container that carries the traffic of its pod.

    An image counts as in `Images`; a container's name counts only with a mark and never alone. Pods
    with a mark of `gateways` are there for their proxy alone; those with one of `own` are parts of
    the mesh itself.
    """

    images: Images = Images()
    containers: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    alongside: tuple[str, ...] = ()
    version: tuple[Source, ...] = ()
    waypoint_arguments: tuple[str, ...] = ()
    gateways: tuple[Mark, ...] = ()
    own: tuple[Mark, ...] = ()


class Agent(Row, frozen=True):
    """A DaemonSet: `proxy` carries its node's traffic, `cni` redirects it, `agent` does else.

    Its proxies are of the release that the agent `release_of` shows, where its own image counts
    otherwise.
    """

    name: str
    role: Literal["proxy", "cni", "agent"]
    images: Images
    labels: tuple[dict[str, str], ...] = ()
    release_of: str = ""


class Decision(Row, frozen=True):
    """If the mark is there, injection is wanted or not; `revision` may be `$value`."""

    where: Where
    key: str
    inject: bool
    values: tuple[str, ...] = ()
    revision: str = ""


class Default(Row, frozen=True):
    """Injection without any mark: an argument of a component with one of these values."""

    argument: str
    values: tuple[str, ...]


class Injection(Row, frozen=True):
    """Which pods shall carry a proxy: the first decision that fits holds."""

    decisions: tuple[Decision, ...]
    mode: Literal["sidecar", "ambient"] = "sidecar"
    default: Default | None = None
    captured: Mark | None = None
    needs_agents: tuple[str, ...] = ()


class Webhooks(Row, frozen=True):
    """Names of webhook configurations, or of the webhooks in them.

    `selected_is_wanted`: the injectors' selectors are so narrow that they are the decision.
    """

    injectors: tuple[str, ...] = ()
    validators: tuple[str, ...] = ()
    selected_is_wanted: bool = False


class Revisions(Row, frozen=True):
    """How several control planes of one mesh, and the pods of each, are told apart."""

    control_plane: tuple[Source, ...]
    pod: tuple[Source, ...]
    tag_label: str = ""
    webhook_label: str = ""


class CertificateAt(Row, frozen=True):
    """A public certificate: in a ConfigMap, or parsed from a Secret by the keeper."""

    name: str
    key: str
    config_map: str = ""
    secret: str = ""


class PeersAt(Row, frozen=True):
    """Objects that stand for another cluster.

    `name` is a path into the object, `data-keys` (the keys of a Secret), or a Source of the
    control plane. Where it leads nowhere, the object's name without `prefix`.
    """

    via: str
    kind: str = ""
    group: str = ""
    labels: dict[str, str] = {}
    names: tuple[str, ...] = ()
    name: str = "metadata.name"
    prefix: str = ""
    skip: tuple[str, ...] = ()
    source: Source | None = None
    condition: str = ""


class Role(Row, frozen=True):
    """The part of the cluster in a mesh of several: a value of a source, or what is there."""

    role: str
    source: Source | None = None
    values: tuple[str, ...] = ()
    kind: str = ""
    group: str = ""
    data_plane_only: bool = False


class Identity(Row, frozen=True):
    """Where the mesh says who it is; the first source with a value holds."""

    mesh_id: tuple[Source, ...] = ()
    trust_domain: tuple[Source, ...] = ()
    network: tuple[Source, ...] = ()
    zone: tuple[Source, ...] = ()
    default_trust_domain: str = ""
    mesh_id_objects: tuple[str, str] | None = None
    zone_roles: tuple[Role, ...] = ()


class Signal(Row, frozen=True):
    """One sign of a vendor's build; all keys that are given must hold."""

    tag: str = ""
    image: str = ""
    segment: str = ""
    registry: str = ""
    label: str = ""
    annotation: str = ""
    value: str = ""
    revision: str = ""
    crd: str = ""


class Build(Row, frozen=True):
    """A managed or vendor build; any signal tells it."""

    name: str
    title: str
    signals: tuple[Signal, ...]


class MeshWhen(Row, frozen=True):
    """A CNI is a mesh only when its ConfigMap switches one of these on."""

    config_map: str
    switches: dict[str, tuple[str, ...]]
