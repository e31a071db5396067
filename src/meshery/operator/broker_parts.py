"""The objects that make a broker: NATS servers with JetStream, one cluster where they are several.

Pure: what is asked for and what is known of addresses goes in, documents come out. Names, ports
and the Secret are those that clients of the original know.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from meshery.core.endpoints import host_port
from meshery.operator.broker_frame import BrokerFrame, Document
from meshery.operator.broker_storage import claims, file_store_bytes
from meshery.operator.certificates import CERTIFICATE, KEY
from meshery.operator.leaf import LeafParts
from meshery.operator.model import CLIENT_PORT, MONITOR_PORT, ROUTE_PORT, Storage
from meshery.operator.names import AUTHORITY, auth_of

MAX_PAYLOAD_BYTES = 8_388_608
MEMORY_STORE_BYTES = 64 * 1024**2
USER = 65_532
"""No user of the host's; the image's own is root."""
_CLIENTS, _ROUTES = "/etc/nats-clients", "/etc/nats-routes"


class Secured(msgspec.Struct, frozen=True):
    """Of a broker with TLS the Secrets with the certificates that clients and other servers see.

    `authorities` (base64) are those that clients trust. `mark` is another one with any change.
    """

    clients: str
    routes: str
    authorities: str
    mark: str


class BrokerParts:
    """The documents of one Broker. `image` is that of its servers."""

    def __init__(
        self,
        frame: BrokerFrame,
        *,
        image: str,
        secured: Secured | None = None,
        storage: Storage | None = None,
        leaf: LeafParts | None = None,
    ) -> None:
        self._frame = frame
        self._image = image
        self._secured = secured
        self._storage = storage
        self._leaf = leaf

    def secret(self, token: str, routes: str) -> Document:
        """What clients need, and the password among the servers; both are base64."""
        document = self._frame.document("v1", "Secret", auth_of(self._frame.broker))
        data = {"token": token, "routes": routes}
        if self._secured:
            data[AUTHORITY] = self._secured.authorities
        return {**document, "type": "Opaque", "data": data}

    def config(self) -> Document:
        """The configuration of every server; what is secret or differs comes from environment."""
        document = self._frame.document("v1", "ConfigMap", f"{self._frame.name}-config")
        return {**document, "data": {"nats.conf": self._configuration()}}

    def stateful_set(self, addresses: Sequence[str], *, standing: Document | None) -> Document:
        """The servers; `addresses` are those of the replicas' Services, none for a single one.

        `standing` is the StatefulSet whose servers these go on to be. Should it be gone by the time
        this is applied, that is a conflict: another one is made of the wish, not of what stood.
        """
        document = self._frame.document("apps/v1", "StatefulSet", self._frame.name)
        if standing:
            document["metadata"]["uid"] = standing["metadata"]["uid"]
        digest = hashlib.sha256(self._configuration().encode()).hexdigest()
        marks = {"meshery.io/config": digest[:32]}
        if self._secured:
            # NATS reads certificates when it begins, so the servers begin anew, one by one.
            marks["meshery.io/certificates"] = self._secured.mark
        marks |= self._leaf.marks if self._leaf else {}
        labels = {**self._frame.labels, "app.kubernetes.io/component": "broker"}
        document["spec"] = {
            "replicas": self._frame.spec.size,
            "serviceName": f"{self._frame.name}-headless",
            # A cluster needs most of its servers to begin: they must not wait for one another.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": self._frame.labels},
            "template": {
                "metadata": {"labels": labels, "annotations": marks},
                "spec": self._pod(addresses),
            },
        }
        if self._storage:
            document["spec"] |= claims(self._storage, self._frame.labels)
        return document

    def disruption_budget(self) -> Document | None:
        """Most servers stay while nodes are drained; a single one cannot."""
        if not self._frame.is_cluster:
            return None
        document = self._frame.document("policy/v1", "PodDisruptionBudget", self._frame.name)
        document["spec"] = {"maxUnavailable": 1, "selector": {"matchLabels": self._frame.labels}}
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
            f"  max_file_store: {file_store_bytes(self._storage)}",
            f"  max_memory_store: {MEMORY_STORE_BYTES}",
            *(self._leaf.jetstream if self._leaf else ()),
            "}",
            *(self._leaf.configuration if self._leaf else ()),
        ]
        if self._secured:
            lines += ["tls {", *_files(_CLIENTS), "}"]
        if self._frame.is_cluster:
            lines += [
                "cluster {",
                f'  name: "{self._frame.namespace}.{self._frame.name}"',
                "  host: 0.0.0.0",
                f"  port: {ROUTE_PORT}",
                "  authorization { user: meshery, password: $NATS_ROUTES, timeout: 5 }",
            ]
            if self._secured:
                authority = f"    ca_file: {_ROUTES}/{AUTHORITY}"
                lines += ["  tls {", *_files(_ROUTES), authority, "  }"]
            lines.append("}")
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
                {"name": "config", "configMap": {"name": f"{self._frame.name}-config"}},
                *([] if self._storage else [{"name": "data", "emptyDir": {}}]),
                *(_of_secret(path, name) for path, name in self._certificates().items()),
                *(self._leaf.volumes if self._leaf else ()),
            ],
        }
        if self._frame.is_cluster:
            pod["affinity"] = _apart(self._frame.labels)
        return pod

    def _container(self, addresses: Sequence[str]) -> Document:
        command = ["nats-server", "--config", "/etc/nats/nats.conf"]
        if addresses:
            places = [host_port(address, ROUTE_PORT) for address in addresses]
            routes = [f"nats-route://meshery:$(NATS_ROUTES)@{place}" for place in places]
            command += ["--routes", ",".join(routes)]
        auth = auth_of(self._frame.broker)
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
                *(self._leaf.environment if self._leaf else ()),
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
                *(_mounted(path) for path in self._certificates()),
                *(self._leaf.mounts if self._leaf else ()),
            ],
        }

    def _certificates(self) -> dict[str, str]:
        """Where servers find their certificates: the Secret of each directory."""
        if self._secured is None:
            return {}
        routes = {_ROUTES: self._secured.routes} if self._frame.is_cluster else {}
        return {_CLIENTS: self._secured.clients, **routes}


def _files(folder: str) -> list[str]:
    return [
        f"    cert_file: {folder}/{CERTIFICATE}",
        f"    key_file: {folder}/{KEY}",
        "    timeout: 5",
    ]


def _of_secret(path: str, name: str) -> Document:
    """A volume of a certificate. The key of an authority stays where it is."""
    keys = [AUTHORITY, CERTIFICATE, KEY]
    source = {
        "secretName": name,
        "items": [{"key": key, "path": key} for key in keys],
        "defaultMode": 0o440,
    }
    return {"name": _volume(path), "secret": source}


def _mounted(path: str) -> Document:
    return {"name": _volume(path), "mountPath": path, "readOnly": True}


def _volume(path: str) -> str:
    return path.rpartition("/nats-")[2]


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
