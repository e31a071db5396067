"""The objects that make a watcher (MeshSync): its Deployment, and an account that may only read."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from meshery.kube.lease import LEASES
from meshery.operator.children import OWNED, RBAC
from meshery.operator.model import WATCHER_PORT, MeshSyncSpec, Served
from meshery.operator.names import AUTHORITY, MANAGED, READER_ROLE

Document = dict[str, Any]

USER = 65_532
_TRUSTED = "/etc/meshery/broker"
COPIES = 3
"""How often a broker of several servers keeps each message: one of them may be lost."""


class Publishing(msgspec.Struct, frozen=True):
    """Where the watcher publishes.

    `address` is `host:port` of a broker of ours, whose token is in `secret`; else the whole URL is
    in the `secret`. `shown` is the URL without any login.
    """

    shown: str
    secret: str
    address: str = ""
    copies: int = 1
    authorities: str = ""
    hostname: str = ""


class MeshSyncParts:
    """The documents of one MeshSync."""

    def __init__(self, meshsync: Served, *, image: str) -> None:
        self._meshsync = meshsync
        self._spec: MeshSyncSpec = meshsync.spec
        self._image = image
        self.name = meshsync.metadata.name
        self.namespace = meshsync.metadata.namespace
        self.binding = f"meshery:meshsync:{self.namespace}:{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        """What its pods are found by; the first two are those of the original."""
        return {
            "app": "meshery",
            "component": "meshsync",
            "app.kubernetes.io/instance": self.name,
        }

    @property
    def url_secret(self) -> str:
        """The Secret with what is needed to log in at a broker, where it is ours to keep."""
        return f"{self.name}-broker"

    def secret(self, data: Mapping[str, str]) -> Document:
        """That Secret; values are base64."""
        document = self._document("v1", "Secret", self.url_secret)
        return {**document, "type": "Opaque", "data": dict(data)}

    def access(self) -> list[Document]:
        """Account, roles' bindings and the lease of the one that acts."""
        account = {"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}
        lease_rule = {
            "apiGroups": [LEASES.group],
            "resources": [LEASES.plural],
            "resourceNames": [self.name],
            "verbs": ["get", "update"],
        }
        return [
            self._document("v1", "ServiceAccount", self.name),
            self._document(LEASES.api_version, LEASES.kind, self.name),
            {**self._document(f"{RBAC}/v1", "Role", self.name), "rules": [lease_rule]},
            {
                **self._document(f"{RBAC}/v1", "RoleBinding", self.name),
                "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": self.name},
                "subjects": [account],
            },
            self._reader(account),
        ]

    def deployment(self, publishing: Publishing) -> Document:
        """The watcher; of several replicas the holder of the lease acts."""
        document = self._document("apps/v1", "Deployment", self.name)
        metadata: Document = {"labels": self.labels}
        if publishing.authorities:
            # Read when it connects: another authority needs another pod.
            digest = hashlib.sha256(publishing.authorities.encode()).hexdigest()
            metadata["annotations"] = {"meshery.io/authorities": digest[:32]}
        document["spec"] = {
            "replicas": self._spec.size,
            "selector": {"matchLabels": self.labels},
            "template": {
                "metadata": metadata,
                "spec": self._pod(publishing),
            },
        }
        return document

    def _pod(self, publishing: Publishing) -> Document:
        pod: Document = {
            "serviceAccountName": self.name,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 10,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [self._container(publishing)],
        }
        if publishing.authorities:
            items = [{"key": AUTHORITY, "path": AUTHORITY}]
            source = {"secretName": publishing.secret, "items": items}
            pod["volumes"] = [{"name": "broker", "secret": source}]
            mount = {"name": "broker", "mountPath": _TRUSTED, "readOnly": True}
            pod["containers"][0]["volumeMounts"] = [mount]
        return pod

    def _container(self, publishing: Publishing) -> Document:
        place = f"{self.namespace}/{self.name}"
        command = ["meshery", "discovery", "--meshsync", place, "--lease", place]
        return {
            "name": "meshsync",
            "image": self._image,
            "command": [*command, "--listen", f"0.0.0.0:{WATCHER_PORT}"],
            "env": [
                *_places(),
                *_login(publishing),
                {"name": "MESHERY_BUS_STREAM_REPLICAS", "value": str(publishing.copies)},
            ],
            "ports": [{"name": "client", "containerPort": WATCHER_PORT}],
            "readinessProbe": _probe("/healthz/ready"),
            "livenessProbe": _probe("/healthz/live"),
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi"},
                "limits": {"cpu": "2", "memory": "2Gi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }

    def _reader(self, account: Document) -> Document:
        return {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {
                "name": self.binding,
                "labels": MANAGED,
                "annotations": {OWNED: self._meshsync.metadata.uid},
            },
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": READER_ROLE},
            "subjects": [account],
        }

    def _document(self, api_version: str, kind: str, name: str) -> Document:
        return self._meshsync.head(api_version, kind, name, labels=self.labels)


def _places() -> list[Document]:
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}
    return [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in fields.items()
    ]


def _login(publishing: Publishing) -> list[Document]:
    def held(name: str, key: str) -> Document:
        reference = {"name": publishing.secret, "key": key}
        return {"name": name, "valueFrom": {"secretKeyRef": reference}}

    if not publishing.address:
        return [held("BROKER_URL", "url")]
    scheme = "tls" if publishing.authorities else "nats"
    url = f"{scheme}://$(NATS_TOKEN)@{publishing.address}"
    found = [held("NATS_TOKEN", "token"), {"name": "BROKER_URL", "value": url}]
    if publishing.authorities:
        found += [
            {"name": "MESHERY_BUS_TLS_CA_FILE", "value": f"{_TRUSTED}/{AUTHORITY}"},
            {"name": "MESHERY_BUS_TLS_HOSTNAME", "value": publishing.hostname},
        ]
    return found


def _probe(path: str) -> Document:
    return {"httpGet": {"path": path, "port": WATCHER_PORT}, "periodSeconds": 5}
