"""The objects that make a broker: NATS servers with JetStream, one cluster where they are several.

Pure: what is asked for and what is known of addresses goes in, documents come out. Names, ports
and the Secret are those that clients of the original know.

Each server of several has a Service of its own. Routes between the servers go by these addresses,
which stay when a pod is replaced, and which need no name service.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.core.endpoints import host_port
from meshery.operator.model import CLIENT_PORT, MONITOR_PORT, ROUTE_PORT, BrokerSpec, Served
from meshery.operator.names import MANAGED, OPERATOR, auth_of, nats_of

Document = dict[str, Any]

MAX_PAYLOAD_BYTES = 8_388_608
FILE_STORE_BYTES = 2 * 1024**3
MEMORY_STORE_BYTES = 64 * 1024**2
USER = 65_532
"""No user of the host's; the image's own is root."""
_POD_NAME = "statefulset.kubernetes.io/pod-name"


class BrokerParts:
    """The documents of one Broker."""

    def __init__(self, broker: Served, *, image: str) -> None:
        self._broker = broker
        self._spec: BrokerSpec = broker.spec
        self._image = image
        self.name = nats_of(broker.metadata.name)
        self.namespace = broker.metadata.namespace

    @property
    def is_cluster(self) -> bool:
        """Whether several servers stand together."""
        return self._spec.size > 1

    @property
    def labels(self) -> dict[str, str]:
        """What its pods are found by."""
        return {
            "app.kubernetes.io/name": "nats",
            "app.kubernetes.io/instance": self._broker.metadata.name,
        }

    def replica(self, number: int) -> str:
        """The pod, and the Service, of one server of several."""
        return f"{self.name}-{number}"

    def services(self) -> list[Document]:
        """The Service of the broker, the headless one, one outside and one a server as needed."""
        ports = [_port("nats", CLIENT_PORT), _port("monitor", MONITOR_PORT)]
        within = [*ports, _port("cluster", ROUTE_PORT)]
        found = [
            self._service(self.name, ports=ports),
            self._service(
                f"{self.name}-headless",
                ports=within,
                clusterIP="None",
                publishNotReadyAddresses=True,
            ),
        ]
        if self._spec.service.type != "ClusterIP":
            found.append(self._outside())
        if self.is_cluster:
            found += [self._of_replica(number, within) for number in range(self._spec.size)]
        return found

    def secret(self, token: str, routes: str) -> Document:
        """The token of clients, and the password among the servers; both base64."""
        document = self._document("v1", "Secret", auth_of(self._broker.metadata.name))
        return {**document, "type": "Opaque", "data": {"token": token, "routes": routes}}

    def config(self) -> Document:
        """The configuration of every server; what is secret or differs comes from environment."""
        document = self._document("v1", "ConfigMap", f"{self.name}-config")
        return {**document, "data": {"nats.conf": self._configuration()}}

    def stateful_set(self, addresses: Sequence[str]) -> Document:
        """The servers; `addresses` are those of the replicas' Services, none for a single one."""
        document = self._document("apps/v1", "StatefulSet", self.name)
        digest = hashlib.sha256(self._configuration().encode()).hexdigest()
        marks = {"meshery.io/config": digest[:32]}
        labels = {**self.labels, "app.kubernetes.io/component": "broker"}
        document["spec"] = {
            "replicas": self._spec.size,
            "serviceName": f"{self.name}-headless",
            # A cluster needs most of its servers to begin: they must not wait for one another.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": self.labels},
            "template": {
                "metadata": {"labels": labels, "annotations": marks},
                "spec": self._pod(addresses),
            },
        }
        return document

    def disruption_budget(self) -> Document | None:
        """Most servers stay while nodes are drained; a single one cannot."""
        if not self.is_cluster:
            return None
        document = self._document("policy/v1", "PodDisruptionBudget", self.name)
        document["spec"] = {"maxUnavailable": 1, "selector": {"matchLabels": self.labels}}
        return document

    def _configuration(self) -> str:
        lines = [
            "server_name: $POD_NAME",
            "host: 0.0.0.0",
            f"port: {CLIENT_PORT}",
            f"http_port: {MONITOR_PORT}",
            f"max_payload: {MAX_PAYLOAD_BYTES}",
            "pid_file: /data/nats.pid",
            "lame_duck_duration: 30s",
            "lame_duck_grace_period: 5s",
            "authorization { token: $NATS_TOKEN }",
            "jetstream {",
            "  store_dir: /data",
            f"  max_file_store: {FILE_STORE_BYTES}",
            f"  max_memory_store: {MEMORY_STORE_BYTES}",
            "}",
        ]
        if self.is_cluster:
            lines += [
                "cluster {",
                f'  name: "{self.namespace}.{self.name}"',
                "  host: 0.0.0.0",
                f"  port: {ROUTE_PORT}",
                "  authorization { user: meshery, password: $NATS_ROUTES, timeout: 5 }",
                "}",
            ]
        return "\n".join(lines) + "\n"

    def _pod(self, addresses: Sequence[str]) -> Document:
        pod: Document = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [self._container(addresses)],
            "volumes": [
                {"name": "config", "configMap": {"name": f"{self.name}-config"}},
                {"name": "data", "emptyDir": {}},
            ],
        }
        if self.is_cluster:
            pod["affinity"] = _apart(self.labels)
        return pod

    def _container(self, addresses: Sequence[str]) -> Document:
        command = ["nats-server", "--config", "/etc/nats/nats.conf"]
        if addresses:
            places = [host_port(address, ROUTE_PORT) for address in addresses]
            routes = [f"nats-route://meshery:$(NATS_ROUTES)@{place}" for place in places]
            command += ["--routes", ",".join(routes)]
        auth = auth_of(self._broker.metadata.name)
        ports = {"nats": CLIENT_PORT, "monitor": MONITOR_PORT, "cluster": ROUTE_PORT}
        return {
            "name": "nats",
            "image": self._image,
            "command": command,
            "env": [
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                _secret_value("NATS_TOKEN", auth, "token"),
                _secret_value("NATS_ROUTES", auth, "routes"),
                {"name": "GOMEMLIMIT", "value": "400MiB"},
            ],
            "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
            "startupProbe": _probe("/healthz?js-enabled-only=true", failureThreshold=60),
            "readinessProbe": _probe("/healthz?js-server-only=true", failureThreshold=3),
            "livenessProbe": _probe("/healthz?js-enabled-only=true", failureThreshold=3),
            # Clients are asked to go elsewhere before the server ends.
            "lifecycle": {
                "preStop": {"exec": {"command": ["nats-server", "-sl=ldm=/data/nats.pid"]}}
            },
            "resources": {
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/nats", "readOnly": True},
                {"name": "data", "mountPath": "/data"},
            ],
        }

    def _outside(self) -> Document:
        """The Service for those outside; the monitor, which asks for no login, is not offered."""
        wanted = self._spec.service
        more: Document = {"type": wanted.type}
        if wanted.type == "LoadBalancer":
            if wanted.load_balancer_class:
                more["loadBalancerClass"] = wanted.load_balancer_class
            if wanted.load_balancer_source_ranges:
                more["loadBalancerSourceRanges"] = list(wanted.load_balancer_source_ranges)
        ports = [_port("nats", CLIENT_PORT)]
        document = self._service(f"{self.name}-external", ports=ports, **more)
        if wanted.annotations:
            document["metadata"]["annotations"] = dict(wanted.annotations)
        return document

    def _of_replica(self, number: int, ports: Sequence[Document]) -> Document:
        name = self.replica(number)
        # Routes must be there before the servers can be ready.
        document = self._service(name, ports=ports, publishNotReadyAddresses=True)
        document["spec"]["selector"] = {_POD_NAME: name}
        return document

    def _service(self, name: str, *, ports: Sequence[Document], **more: Any) -> Document:
        document = self._document("v1", "Service", name)
        document["spec"] = {
            "type": "ClusterIP",
            "ports": list(ports),
            "selector": self.labels,
            **more,
        }
        return document

    def _document(self, api_version: str, kind: str, name: str) -> Document:
        return {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": {**MANAGED, **self.labels, "app.kubernetes.io/part-of": OPERATOR},
                "ownerReferences": [self._broker.owner],
            },
        }


def _port(name: str, number: int) -> Document:
    return {"name": name, "port": number, "targetPort": number, "protocol": "TCP"}


def _secret_value(name: str, secret: str, key: str) -> Document:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _probe(path: str, **more: Any) -> Document:
    return {"httpGet": {"path": path, "port": MONITOR_PORT}, "periodSeconds": 5, **more}


def _apart(labels: Mapping[str, str]) -> Document:
    term = {
        "weight": 100,
        "podAffinityTerm": {
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": dict(labels)},
        },
    }
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
