"""Rendering for a mesh: what a renderer is told of the place, and what it answers.

A renderer is pure: behaviours and a `World` become native objects, and each behaviour learns how
well it fits. All behaviours of a place are rendered together, because most meshes take one object
for a host: a retry and a timeout of one service are two fields of it, not two objects that fight.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from meshery.behaviours.model import Behaviour, Fidelity
from meshery.behaviours.shape import Port

Protocols = Literal["http", "http2", "grpc", "tcp", "tls"]


class ServicePort(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of a service: its number, its name, and what is spoken there."""

    number: Port
    name: str = ""
    protocol: Protocols = "http"


class Service(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service of the place: ports, labels that select its pods, those of its subsets, account.

    `subsets` maps the name of a subset to the labels that its pods have beside `labels`;
    `account` is the ServiceAccount that its pods run as. `is_assumed` says that nobody told of
    the service: what stands here is the convention of `World.service`.
    """

    name: str
    namespace: str
    ports: tuple[ServicePort, ...] = (ServicePort(80),)
    labels: Mapping[str, str] = {}
    subsets: Mapping[str, Mapping[str, str]] = {}
    account: str = ""
    is_assumed: bool = False

    @property
    def port(self) -> ServicePort:
        """The first of its ports."""
        return self.ports[0]

    def subset_labels(self, subset: str) -> Mapping[str, str]:
        """The labels of a subset; `version: SUBSET` where nothing else is said."""
        return self.subsets.get(subset, {"version": subset})


class World(msgspec.Struct, frozen=True, omit_defaults=True):
    """The place that is rendered for.

    `version` is the mesh's own, without a leading `v`; `mesh` the name of one of several meshes of
    a control plane (Kuma). `callers` maps `namespace/name` of a service to those who call it, in
    the same form: some meshes are configured at the caller. `live` are native objects that stand
    already and that a renderer has to add to. `data_plane` says how workloads are joined where a
    mesh knows both ways: a proxy beside each, or proxies of the node (Istio's ambient mode).
    """

    version: str
    namespace: str = "default"
    mesh_namespace: str = ""
    mesh: str = "default"
    trust_domain: str = "cluster.local"
    services: tuple[Service, ...] = ()
    callers: Mapping[str, tuple[str, ...]] = {}
    live: tuple[dict[str, Any], ...] = ()
    data_plane: Literal["sidecar", "ambient"] = "sidecar"

    def service(self, name: str, namespace: str = "") -> Service:
        """A service by its name, which may be `name.namespace`; assumed where none is told.

        One that is assumed has port 80 with HTTP, pods labelled `app: NAME`, and an account of its
        own name.
        """
        own, _, written = name.partition(".")
        home = namespace or written.partition(".")[0] or self.namespace
        for each in self.services:
            if (each.name, each.namespace) == (own, home):
                return each
        return Service(own, home, labels={"app": own}, account=own, is_assumed=True)

    def callers_of(self, service: Service) -> tuple[Service, ...]:
        """The services known to call one."""
        known = self.callers.get(f"{service.namespace}/{service.name}", ())
        return tuple(self.service(name, namespace) for namespace, _, name in map(_split, known))


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one behaviour.

    `objects` names its objects as `Kind namespace/name`; `alternative` says what comes nearest
    where the mesh cannot do it.
    """

    behaviour: str
    fidelity: Fidelity
    notes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    alternative: str = ""


class Rendering(msgspec.Struct, frozen=True):
    """What behaviours became on one mesh: all native objects, and an outcome of each behaviour."""

    objects: tuple[dict[str, Any], ...]
    outcomes: tuple[Outcome, ...]


class Renderer(Protocol):
    """A mesh's way from behaviours to native objects; it does no I/O and keeps nothing."""

    def __call__(self, behaviours: Sequence[Behaviour], world: World) -> Rendering:
        """Objects and outcomes, the outcomes in the order of the behaviours."""
        ...


def _split(written: str) -> tuple[str, str, str]:
    return written.partition("/")
