"""The definitions are ones that a control plane takes, and they refuse what the vendors refuse."""

import json
from typing import Any

import pytest

from fixtures.kube import KubeNamespace
from kube.conftest import client_of
from meshery.core.errors import InvalidInputError, MesheryError
from meshery.kube.client import KubeClient
from meshes.definitions import Definition, definitions_of_file, every_file, serve

Document = dict[str, Any]

_QUERY = [("dryRun", "All"), ("fieldManager", "matrix"), ("fieldValidation", "Strict")]


def _spec(**spec: Any) -> Document:
    return spec


def _http(**rule: Any) -> Document:
    return {"hosts": ["api"], "http": [{"route": [{"destination": {"host": "api"}}], **rule}]}


def _kuma(reference: Document, **default: Any) -> Document:
    return {"to": [{"targetRef": reference, "default": default}]}


def _route(**rule: Any) -> Document:
    return {"parentRefs": [{"name": "edge"}], "rules": [rule]}


def _policy(**ingress: Any) -> Document:
    return {"endpointSelector": {}, "ingress": [ingress]}


TAKEN: dict[str, tuple[tuple[str, Document], ...]] = {
    "istio": (
        ("VirtualService", _http(timeout="1.5s", retries={"attempts": 2, "retryOn": "5xx,503"})),
        ("DestinationRule", {"host": "api", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}),
    ),
    "linkerd": (("EgressNetwork", {"trafficPolicy": "Deny"}),),
    "consul": (("ServiceSplitter", {"splits": [{"weight": 33.3}, {"weight": 66.7}]}),),
    "kuma-2": (
        ("MeshRetry", _kuma({"kind": "MeshService", "name": "api"}, http={"numRetries": 1})),
    ),
    "kuma-3": (("MeshRetry", _kuma({"kind": "Mesh"}, http={"numRetries": 1})),),
    "cilium": (("CiliumNetworkPolicy", _policy(fromEntities=["cluster"])),),
    "gateway-api": (("HTTPRoute", _route(backendRefs=[{"name": "api", "port": 80}])),),
    "nginx": (
        (
            "CircuitBreaker",
            _spec(destination={"kind": "Service", "name": "api"}, errors=1, timeoutSeconds=9),
        ),
    ),
    "osm": (("UpstreamTrafficSetting", _spec(host="api.shop.svc.cluster.local")),),
    "app-mesh": (("Mesh", _spec(egressFilter={"type": "DROP_ALL"})),),
    "smi": (("TrafficSplit", _spec(service="api", backends=[{"service": "api-v1", "weight": 1}])),),
    "traefik-mesh": (("TrafficSplit", _spec(service="api", backends=[])),),
    "nsm": (("NetworkService", _spec(payload="IP")),),
}
"""A plain object of each file, as the vendors' guides show them."""

REFUSED: dict[str, tuple[tuple[str, Document], ...]] = {
    "istio": (
        ("VirtualService", _http(timeout="0s")),
        ("VirtualService", _http(timeout="1 second")),
        ("VirtualService", _http(retries={"attempts": 2, "retryOn": "sometimes"})),
        ("VirtualService", _http(redirect={"uri": "/"})),
        ("VirtualService", _http(match=[{"uri": {"exact": "/", "prefix": "/"}}])),
        ("VirtualService", _http(fault={"abort": {"httpStatus": 500, "grpcStatus": "UNKNOWN"}})),
        ("VirtualService", _http(mirorPercentage={"value": 1})),
        ("DestinationRule", {"trafficPolicy": {"tls": {"mode": "SIMPLE"}}}),
        ("ServiceEntry", {"hosts": ["*.example.com"], "resolution": "DNS"}),
        ("PeerAuthentication", {"portLevelMtls": {"80": {"mode": "STRICT"}}}),
        ("AuthorizationPolicy", {"rules": [{"to": [{"operation": {"ports": [80]}}]}]}),
    ),
    "linkerd": (
        ("Server", {"podSelector": {}}),
        ("HTTPRoute", {"parentRefs": [{"name": "api", "kind": "Service", "group": "core"}]}),
        ("HTTPLocalRateLimitPolicy", {"targetRef": {"kind": "Service", "name": "api"}}),
    ),
    "consul": (
        ("ServiceSplitter", {"splits": [{"weight": 1}, {"weight": 9}]}),
        ("ServiceIntentions", {"sources": [{"name": "web"}]}),
        ("ServiceRouter", {"routes": [{"destination": {"prefixRewrite": "/"}}]}),
    ),
    "kuma-2": (
        ("MeshRetry", _kuma({"kind": "MeshService"}, http={"numRetries": 1})),
        ("MeshCircuitBreaker", _kuma({"kind": "Mesh"}, connectionLimits={"maxRequests": 0})),
    ),
    "kuma-3": (
        ("MeshRetry", _kuma({"kind": "MeshService", "name": "api"}, http={"numRetries": 1})),
        ("MeshTLS", {"from": [{"targetRef": {"kind": "Mesh"}, "default": {"mode": "Strict"}}]}),
        ("Mesh", {"mtls": {"enabledBackend": "ca"}}),
    ),
    "cilium": (
        ("CiliumNetworkPolicy", _policy(fromEntities=["friends"])),
        ("CiliumNetworkPolicy", _policy(fromEndpoints=[{}], fromCIDR=["192.0.2.0/24"])),
        ("CiliumNetworkPolicy", _policy(toPorts=[{"rules": {"http": [{"path": "/"}]}}])),
    ),
    "gateway-api": (
        ("HTTPRoute", _route(backendRefs=[{"name": "api"}])),
        ("HTTPRoute", _route(timeouts={"request": "1s", "backendRequest": "2s"})),
        ("HTTPRoute", _route(matches=[{"path": {"type": "PathPrefix", "value": "v2"}}])),
        ("HTTPRoute", _route(filters=[{"type": "RequestMirror"}])),
        ("GatewayClass", {"controllerName": "nobody"}),
    ),
    "nginx": (
        (
            "RateLimit",
            _spec(name="a", rate="10r/h", destination={"kind": "Service", "name": "api"}),
        ),
    ),
    "osm": (
        (
            "UpstreamTrafficSetting",
            _spec(host="api", rateLimit={"local": {"http": {"requests": 0}}}),
        ),
    ),
    "app-mesh": (("VirtualRouter", _spec(listeners=[], routes=[{"name": "all"}])),),
    "smi": (
        ("TrafficSplit", _spec(service="api", backends=[{"service": "api-v1", "weight": -1}])),
    ),
    "traefik-mesh": (("TrafficTarget", _spec(destination={"kind": "Service", "name": "api"})),),
    "nsm": (("NetworkService", _spec(payload="HTTP")),),
}
"""What the vendors' servers would not take."""


@pytest.mark.parametrize("name", every_file())
async def test_they_take_what_is_right_and_refuse_what_is_wrong(
    court: KubeNamespace, name: str
) -> None:
    known = definitions_of_file(name)
    async with client_of(court.plane) as client:
        await serve(client, known)
        space = court.name
        for kind, spec in TAKEN[name]:
            await _apply(client, known, kind, spec, space)
        for kind, spec in REFUSED[name]:
            with pytest.raises(MesheryError) as caught:
                await _apply(client, known, kind, spec, space)
            assert isinstance(caught.value, InvalidInputError), (kind, spec, caught.value)


async def _apply(
    client: KubeClient, known: tuple[Definition, ...], kind: str, spec: Document, namespace: str
) -> None:
    resources = [resource for each in known for resource in each.resources]
    resource = next(each for each in resources if each.kind == kind)
    document = {
        "apiVersion": resource.api_version,
        "kind": kind,
        "metadata": {"name": "example"},
        "spec": spec,
    }
    path = resource.path(namespace=namespace, name="example")
    body = json.dumps(document).encode()
    await client.patch(path, body, content_type="application/apply-patch+yaml", query=_QUERY)
