"""Nouns of the operator: what Broker and MeshSync objects ask for. No I/O.

The fields are those of `meshery.io/v1alpha2`; v1alpha1 and the older group have the same or fewer.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.kube.item import Item, Metadata
from meshery.operator.names import MANAGED, OPERATOR, Key

CLIENT_PORT, MONITOR_PORT, ROUTE_PORT = 4222, 8222, 6222
WATCHER_PORT = 11000


class Service(msgspec.Struct, frozen=True, rename="camel"):
    """How the broker is offered to others."""

    type: str = "ClusterIP"
    annotations: dict[str, str] = {}
    load_balancer_class: str = ""
    load_balancer_source_ranges: tuple[str, ...] = ()
    external_endpoint_override: str = ""


class Tls(msgspec.Struct, frozen=True, rename="camel"):
    """Whether connections are encrypted; `secret_name` is a certificate of the user's own."""

    enabled: bool = False
    secret_name: str = ""


class Storage(msgspec.Struct, frozen=True, rename="camel"):
    """What each server keeps beyond the life of its pod.

    `size` is a quantity in Mi, Gi or Ti. No class is the cluster's default one, an empty one none.
    """

    size: str
    storage_class_name: str | None = None
    when_deleted: str = "Retain"


class LeafNode(msgspec.Struct, frozen=True, rename="camel"):
    """Where to connect, by which Secret, and what JetStream is called over there."""

    url: str = ""
    secret_name: str = ""
    domain: str = ""


class BrokerSpec(msgspec.Struct, frozen=True, rename="camel"):
    """How many NATS servers, of which version (empty: that of the image), offered how.

    Without `storage` what they store goes with their pods; with `leaf_node` they connect outward.
    """

    size: int = 1
    version: str = ""
    service: Service = Service()
    tls: Tls = Tls()
    storage: Storage | None = None
    leaf_node: LeafNode | None = None


class NativeBroker(msgspec.Struct, frozen=True):
    """A Broker object; no namespace is the MeshSync's own."""

    name: str = ""
    namespace: str = ""


class CustomBroker(msgspec.Struct, frozen=True):
    """A NATS server that somebody else keeps. The URL may hold its token or password."""

    url: str = ""


class BrokerChoice(msgspec.Struct, frozen=True):
    """Where a MeshSync publishes."""

    native: NativeBroker = NativeBroker()
    custom: CustomBroker = CustomBroker()


class WatchList(msgspec.Struct, frozen=True):
    """An embedded ConfigMap; its `data` holds `whitelist` or `blacklist`, JSON text."""

    data: dict[str, str] = {}


class MeshSyncSpec(msgspec.Struct, frozen=True):
    """How many watchers stand by (one of them acts), of which version, publishing where."""

    size: int = 1
    version: str = ""
    broker: BrokerChoice = BrokerChoice()
    watch_list: WatchList = msgspec.field(default=WatchList(), name="watch-list")


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    """A `metav1.Condition`."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int = 0


class Served(msgspec.Struct, frozen=True):
    """An object as it was read: its spec decoded, its status as it stands.

    `fault` says why the spec cannot be used; then it is empty.
    """

    key: Key
    metadata: Metadata
    spec: Any
    conditions: tuple[Condition, ...]
    status: dict[str, Any]
    fault: str = ""

    @property
    def owner(self) -> dict[str, Any]:
        """The owner reference of what is made for it."""
        return {
            "apiVersion": self.key.resource.api_version,
            "kind": self.key.resource.kind,
            "name": self.metadata.name,
            "uid": self.metadata.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }

    def head(
        self, api_version: str, kind: str, name: str, *, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        """What an object that is made for it begins with."""
        marks = {**MANAGED, **labels, "app.kubernetes.io/part-of": OPERATOR}
        metadata = {
            "name": name,
            "namespace": self.metadata.namespace,
            "labels": marks,
            "ownerReferences": [self.owner],
        }
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


class _Status(msgspec.Struct, frozen=True):
    conditions: tuple[Condition, ...] | None = ()


def served(item: Item, key: Key, kind: type[msgspec.Struct]) -> Served:
    """Decode an object whose spec is of `kind`.

    The schema keeps wrong specs out, but for the older group, whose schema is not ours.
    """
    status = msgspec.json.decode(item.status, type=dict[str, Any] | None) or {}
    known = msgspec.convert(status, _Status).conditions or ()
    try:
        spec, fault = msgspec.json.decode(item.spec, type=kind | None) or kind(), ""
    except msgspec.ValidationError as error:
        spec, fault = kind(), str(error)
    return Served(key, item.metadata, spec, known, status, fault)
