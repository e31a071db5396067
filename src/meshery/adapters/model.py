"""What is said between Meshery and an adapter: the nouns of the contract, without its wire.

`proto/meshery/adapter/v1` says the same for other languages; `wire.py` is between the two.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from meshery.adapters.mesh import (
    AddOn,
    Chart,
    Index,
    Injection,
    NativeKind,
    Profile,
    Status,
    Trust,
    Version,
)
from meshery.behaviours.rendering import Outcome

Object = dict[str, Any]
Severity = Literal["debug", "info", "warning", "error"]


class Build(msgspec.Struct, frozen=True):
    """Which build of an adapter it is."""

    version: str = "edge"
    git_sha: str = "none"


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a mesh as an adapter knows them now, newest first.

    `origin` says where `known` comes from; `note` why it is the offline list though there is an
    index. `as_of` is the date of the list.
    """

    known: tuple[Version, ...] = ()
    as_of: str = ""
    source: str = ""
    ordering: Literal["semver", "calendar"] = "semver"
    index: Index | None = None
    origin: Literal["index", "offline"] = "offline"
    note: str = ""


class BehaviourKind(msgspec.Struct, frozen=True):
    """A kind of behaviour that the adapter renders: the JSON Schema of its parameters."""

    kind: str
    summary: str = ""
    schema: Mapping[str, Any] = {}


class OperationInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as it is told: with steps where the adapter runs it.

    `is_rendered` says that its objects can be rendered, to be applied by whoever asks.
    """

    key: str
    text: str
    category: Literal["install", "sample", "configure", "validate", "custom"]
    does: str = ""
    argument: str = ""
    steps: tuple[str, ...] = ()
    removal_steps: tuple[str, ...] = ()
    input_schema: Mapping[str, Any] = {}
    is_rendered: bool = False


class MigrationInfo(msgspec.Struct, frozen=True):
    """A mesh to move to, and why that one."""

    to: str
    why: str = ""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a mesh is and what its adapter can do; `digest` changes with anything of it."""

    name: str
    title: str
    smp: str
    status: Status
    versions: VersionList
    adapter: Build = Build()
    injection: Injection | None = None
    profiles: tuple[Profile, ...] = ()
    charts: tuple[Chart, ...] = ()
    trust: Trust | None = None
    add_ons: tuple[AddOn, ...] = ()
    kinds: tuple[NativeKind, ...] = ()
    behaviours: tuple[BehaviourKind, ...] = ()
    operations: tuple[OperationInfo, ...] = ()
    validators: tuple[str, ...] = ()
    migrations: tuple[MigrationInfo, ...] = ()
    fingerprints: tuple[Mapping[str, Any], ...] = ()
    is_network: bool = False
    digest: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """An object of a mesh's own API, said by kind and settings (its `spec`)."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}


class ComponentRendering(msgspec.Struct, frozen=True):
    """The objects of a component or of an operation, and how well that fits."""

    objects: tuple[Object, ...]
    outcome: Outcome


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says of native objects: `path` within them, `line` from 1 where known."""

    validator: str
    path: str
    message: str
    line: int = 0
    hint: str = ""


class Translation(msgspec.Struct, frozen=True):
    """Native objects as documents of neutral behaviours; `left` is what has no equivalent."""

    documents: tuple[Mapping[str, Any], ...] = ()
    left: tuple[str, ...] = ()


class Cluster(msgspec.Struct, frozen=True):
    """A cluster that an operation may reach, with a login that is good for this call only."""

    name: str
    kubeconfig: str

    def __repr__(self) -> str:
        return f"Cluster({self.name!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One operation to do, or to go on with.

    `attempt` counts the calls of one id. `last_step` finished in an earlier call, and `state` is
    what the steps so far left behind. `heartbeat_s` is how often the adapter is to be heard.
    """

    operation: str
    operation_id: str
    attempt: int = 1
    version: str = ""
    namespace: str = ""
    is_removal: bool = False
    input: Any = None
    clusters: tuple[Cluster, ...] = ()
    last_step: str = ""
    state: Mapping[str, Any] = {}
    heartbeat_s: float = 5.0

    def after(self, step: "StepFinished") -> "Order":
        """The order that goes on after a step."""
        return msgspec.structs.replace(self, last_step=step.step, state=step.state)

    def again(self) -> "Order":
        """The same order, called once more."""
        return msgspec.structs.replace(self, attempt=self.attempt + 1)


class StepStarted(msgspec.Struct, frozen=True):
    """A step begins: `number` of `of`, from 1."""

    step: str
    number: int
    of: int


class Progress(msgspec.Struct, frozen=True):
    """How far a step is; `total` 0 where nobody knows."""

    step: str
    done: float
    total: float = 0
    unit: str = ""
    message: str = ""


class StepFinished(msgspec.Struct, frozen=True):
    """A step is done; `state` goes into the order that goes on from here."""

    step: str
    state: Mapping[str, Any] = {}


class Told(msgspec.Struct, frozen=True):
    """Something that happened, for people."""

    severity: Severity
    summary: str
    details: str = ""


class Heartbeat(msgspec.Struct, frozen=True):
    """The adapter lives, and its step runs."""


class Finished(msgspec.Struct, frozen=True):
    """All steps are done; the last word of a stream."""

    summary: str = ""
    result: Any = None


Word = StepStarted | Progress | StepFinished | Told | Heartbeat | Finished
"""What an operation's stream says."""


WORD_FIELDS: Mapping[type[Any], str] = {
    StepStarted: "step_started",
    Progress: "progress",
    StepFinished: "step_finished",
    Told: "told",
    Heartbeat: "heartbeat",
    Finished: "finished",
}
"""What each word is called in a stream."""


class Health(msgspec.Struct, frozen=True):
    """Whether an adapter can serve, why not, its description's digest, and what runs."""

    is_ready: bool
    reason: str = ""
    digest: str = ""
    operations: int = 0
