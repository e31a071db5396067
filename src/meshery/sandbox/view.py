"""Sandboxes as people and programs see them: what REST, the command line and the pages show."""

from datetime import datetime
from typing import Any, Literal

import msgspec

State = Literal["starting", "up", "degraded", "failed", "stopping", "lost", "unknown"]
PartState = Literal["ready", "starting", "down"]


class SandboxView(msgspec.Struct, frozen=True):
    """A sandbox in one line.

    `degraded`: up, and a process is missing just now. `unknown`: its host does not answer. `url` is
    that of the ingress gateway, empty without one. `ready_s` is how long its last start took.
    """

    name: str
    state: State
    reason: str
    host: str
    services: int
    sidecars: int
    ready: int
    mtls: str
    behaviours: int
    url: str
    created_at: datetime
    ready_s: float | None = None


class PartView(msgspec.Struct, frozen=True):
    """A process of an instance: its sidecar (`proxy`) or its application (`app`).

    `cpu_s` is the CPU time of its life so far; memory counts its share of shared pages (PSS).
    """

    name: str
    state: PartState
    pid: int = 0
    restarts: int = 0
    cpu_s: float = 0.0
    memory_mb: float = 0.0


class InstanceView(msgspec.Struct, frozen=True):
    """One copy of one version of a service, with the addresses at which it answers.

    `inbound` is its sidecar, `outbound` the sidecar's forward proxy for its own calls, `direct` the
    application without the mesh (empty where there is none); `echo` are its other ports, off the
    mesh too, such as `tcp://127.0.0.1:15004`.
    """

    name: str
    service: str
    version: str
    role: str
    state: PartState
    inbound: str
    outbound: str
    direct: str
    parts: tuple[PartView, ...]
    echo: tuple[str, ...] = ()


class BehaviourView(msgspec.Struct, frozen=True):
    """A behaviour in effect, how exactly the sandbox can do it, and what it cannot."""

    name: str
    kind: str
    target: str
    source: str
    fidelity: str
    notes: tuple[str, ...]
    document: dict[str, Any]


class SandboxStatus(msgspec.Struct, frozen=True):
    """A sandbox with all its parts."""

    sandbox: SandboxView
    instances: tuple[InstanceView, ...]
    behaviours: tuple[BehaviourView, ...]


class RequestView(msgspec.Struct, frozen=True):
    """One request through the mesh and its answer; `body` is text, cut at 64 KiB."""

    url: str
    via: str
    status: int
    elapsed_ms: float
    headers: dict[str, str]
    body: str


class GraphNode(msgspec.Struct, frozen=True):
    """A version of a service, or the gateway, in the call graph; rates are of the last moments."""

    id: str
    service: str
    version: str
    role: str
    state: PartState
    instances: tuple[str, ...]
    x: float
    y: float
    rate_rps: float = 0.0
    error_percent: float = 0.0
    cpu_percent: float = 0.0
    memory_mb: float = 0.0


class GraphEdge(msgspec.Struct, frozen=True):
    """Requests from one node to another.

    `configured` but not `observed`: it may be called and was not. `mtls` is None until a request
    was seen. `codes` counts answers since the proxies started.
    """

    source: str
    target: str
    configured: bool
    observed: bool
    mtls: bool | None = None
    requests: int = 0
    rate_rps: float = 0.0
    error_percent: float = 0.0
    latency_ms: float | None = None
    codes: dict[str, int] = {}


class Graph(msgspec.Struct, frozen=True):
    """The call graph with positions of its nodes, in pixels of a drawing `width` by `height`."""

    sandbox: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    width: float
    height: float
