"""Kubeconfigs that tests write down: of a real control plane, and of clusters that are not well."""

import base64
from typing import Any

import msgspec

from meshery.connections.flatten import kubeconfig_of
from meshery.kube.access import Access, Credentials
from meshery.kube.kubeconfig import OWN, read_kubeconfigs
from meshery.kube.local.control_plane import ControlPlane

NOWHERE = "https://127.0.0.1:9"
"""Nothing listens at the port for `discard`."""


def access_of(plane: ControlPlane, user: str = "", *, name: str = "", token: str = "") -> Access:
    """A user's access; under another name, or with another token, where they are given."""
    found = read_kubeconfigs([plane.kubeconfig]).access(plane.context(user), trust=OWN)
    if token:
        found = msgspec.structs.replace(found, credentials=Credentials(token=token))
    return msgspec.structs.replace(found, name=name or found.name)


def text_of(*accesses: Access) -> str:
    """A kubeconfig of these contexts, whole in itself."""
    return msgspec.json.encode(kubeconfig_of(accesses)).decode()


def nowhere(name: str = "away") -> Access:
    return Access(name=name, server=NOWHERE, credentials=Credentials(token="t0ken"))


def hostile(name: str, user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    """The three entries of a context that asks for more than it may."""
    return {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": NOWHERE, **cluster}}],
        "users": [{"name": name, "user": user}],
    }


def merged(*parts: dict[str, Any]) -> str:
    whole = {
        section: [entry for part in parts for entry in part[section]]
        for section in ("contexts", "clusters", "users")
    }
    return msgspec.json.encode({"apiVersion": "v1", "kind": "Config", **whole}).decode()


def program(command: str = "/bin/sh", *arguments: str) -> dict[str, Any]:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "args": list(arguments),
            "interactiveMode": "Never",
        }
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
