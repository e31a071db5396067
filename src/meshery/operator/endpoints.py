"""Where a broker is reached from outside its cluster."""

from typing import Any
from urllib.parse import urlsplit

from meshery.core.endpoints import host_port
from meshery.kube.client import KubeClient
from meshery.kube.listing import list_all
from meshery.kube.resource import Resource
from meshery.operator.model import CLIENT_PORT, Service

NODES = Resource(group="", version="v1", kind="Node", plural="nodes", namespaced=False)
_ADDRESSES = ("ExternalIP", "ExternalDNS", "InternalIP")

Found = tuple[str, str]
"""An endpoint (`host:port`, or empty) and what is missing for one, in words."""


async def external_endpoint(
    client: KubeClient, wanted: Service, service: dict[str, Any] | None
) -> Found:
    """Where others reach the broker; `service` is the one for them, None when there is none."""
    if wanted.external_endpoint_override:
        return wanted.external_endpoint_override, ""
    if service is None:
        return "", ""
    if wanted.type == "NodePort":
        return await _node_port(client, service)
    return _balanced(service)


def outside_names(wanted: Service, service: dict[str, Any] | None) -> list[str]:
    """Hosts by which others reach the broker, as far as they stay: nodes come and go."""
    if wanted.external_endpoint_override:
        return [urlsplit(f"//{wanted.external_endpoint_override}").hostname or ""]
    return _ingress(service) if service else []


def _balanced(service: dict[str, Any]) -> Found:
    for host in _ingress(service):
        return host_port(host, CLIENT_PORT), ""
    return "", "the load balancer has no address yet"


def _ingress(service: dict[str, Any]) -> list[str]:
    listed = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    hosts = [entry.get("ip") or entry.get("hostname") for entry in listed]
    return [host for host in hosts if host]


async def _node_port(client: KubeClient, service: dict[str, Any]) -> Found:
    port = service["spec"]["ports"][0].get("nodePort")
    items, _ = await list_all(client, NODES)
    known: dict[str, str] = {}
    for item in items:
        for entry in (item.document().get("status") or {}).get("addresses") or ():
            known.setdefault(entry["type"], entry["address"])
    host = next((known[kind] for kind in _ADDRESSES if kind in known), "")
    return (host_port(host, port), "") if host and port else ("", "no node has an address")
