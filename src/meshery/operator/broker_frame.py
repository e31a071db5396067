"""What all objects of one broker have in common: names, labels and their owner."""

from copy import copy
from typing import Any

import msgspec

from meshery.operator.model import BrokerSpec, Served, Tls
from meshery.operator.names import nats_of

Document = dict[str, Any]


class BrokerFrame:
    """The names of one Broker's objects."""

    def __init__(self, broker: Served) -> None:
        self.broker: str = broker.metadata.name
        self.name = nats_of(self.broker)
        self.namespace: str = broker.metadata.namespace
        self.spec: BrokerSpec = broker.spec
        self._broker = broker

    @property
    def is_cluster(self) -> bool:
        """Whether several servers stand together."""
        return self.spec.size > 1

    @property
    def labels(self) -> dict[str, str]:
        """What its pods are found by."""
        return {"app.kubernetes.io/name": "nats", "app.kubernetes.io/instance": self.broker}

    @property
    def replicas(self) -> list[str]:
        """The pods, and the Services, of the servers, where they are several."""
        count = self.spec.size if self.is_cluster else 0
        return [f"{self.name}-{number}" for number in range(count)]

    def with_tls(self, tls: Tls) -> "BrokerFrame":
        """The same with another TLS than is asked for."""
        found = copy(self)
        found.spec = msgspec.structs.replace(self.spec, tls=tls)
        return found

    def document(self, api_version: str, kind: str, name: str) -> Document:
        """The head of an object."""
        return self._broker.head(api_version, kind, name, labels=self.labels)
