"""What the operator's kinds and objects are called: outside contracts, kept to the letter.

Clients of the original know group, kinds, finalizers, field managers and the names of the objects.
"""

import msgspec

from meshery.kube.resource import Resource

GROUP = "meshery.io"
OLD_GROUP = "meshery.layer5.io"
"""The group of installations from before February 2025; its objects are served as ours."""

BROKERS = Resource(
    group=GROUP, version="v1alpha2", kind="Broker", plural="brokers", namespaced=True
)
MESHSYNCS = Resource(
    group=GROUP, version="v1alpha2", kind="MeshSync", plural="meshsyncs", namespaced=True
)
OLD_BROKERS = msgspec.structs.replace(BROKERS, group=OLD_GROUP, version="v1alpha1")
OLD_MESHSYNCS = msgspec.structs.replace(MESHSYNCS, group=OLD_GROUP, version="v1alpha1")

BROKER_FINALIZER = "broker.meshery.io/finalizer"
MESHSYNC_FINALIZER = "meshsync.meshery.io/finalizer"
BROKER_MANAGER = "meshery-operator-broker"
MESHSYNC_MANAGER = "meshery-operator-meshsync"
LEASE = "meshery-operator-leader.meshery.io"
NAMESPACE = "meshery"
ACCOUNT = "meshery-operator"
READER_ROLE = "meshery-meshsync"
"""The ClusterRole of the watcher: what it may read."""

PUBLISHERS = "meshery.io/publishers"
"""The annotation of a Broker: other namespaces whose MeshSyncs may publish to it, or `*`."""

MANAGED_BY = "app.kubernetes.io/managed-by"
OPERATOR = "meshery-operator"
MANAGED = {MANAGED_BY: OPERATOR}

USUAL_BROKER = "meshery-broker"
USUAL_NATS = "meshery-nats"


class Key(msgspec.Struct, frozen=True):
    """One object that the operator serves."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource} {self.namespace}/{self.name}"


def nats_of(broker: str) -> str:
    """What the NATS servers of a Broker are called.

    The usual Broker's are called as clients of the original look for them; others after the Broker,
    so that a namespace can have several.
    """
    return USUAL_NATS if broker == USUAL_BROKER else f"{broker}-nats"


def auth_of(broker: str) -> str:
    """The Secret with the token (key `token`) of a Broker."""
    return f"{nats_of(broker)}-auth"


def tls_of(broker: str) -> str:
    """The Secret with the authority and the certificate that the operator makes for a Broker."""
    return f"{nats_of(broker)}-tls"


AUTHORITY = "ca.crt"
"""The key, in the Secret with the token, of the authorities that clients trust: there is TLS."""


def host_of(service: str, namespace: str) -> str:
    """The name that the certificate of a broker's servers bears, wherever they are reached."""
    return f"{service}.{namespace}.svc"
