"""Cilium's chart, the ways to install it as a mesh, how workloads join, and its trust.

Values were read in cilium/cilium, install/kubernetes/cilium, and in docs.cilium.io (2026-11-22).
The operator writes the CustomResourceDefinitions, so the chart carries none and their removal with
the release is not to be expected.
"""

from typing import Any

from meshery.adapters.mesh import Chart, Injection, Profile, Store, Trust

CHARTS = (
    Chart(
        name="cilium",
        repository="https://helm.cilium.io",
        release="cilium",
        namespace="kube-system",
        fixed_namespace=True,
    ),
)

# A CiliumEnvoyConfig takes Services over only where Cilium itself takes the place of kube-proxy.
_ENVOY: dict[str, Any] = {
    "kubeProxyReplacement": True,
    "l7Proxy": True,
    "envoyConfig": {"enabled": True},
    "loadBalancer": {"l7": {"backend": "envoy"}, "serviceTopology": True},
}
_MUTUAL = {"mutual": {"spire": {"enabled": True, "install": {"enabled": True}}}}


def _profile(name: str, summary: str, more: dict[str, Any]) -> Profile:
    return Profile(
        name=name, summary=summary, charts=("cilium",), values={"cilium": {**_ENVOY, **more}}
    )


PROFILES = (
    _profile("default", "Envoy of each node for Services, and policies of HTTP", {}),
    _profile(
        "gateway",
        "as default, with the Gateway API, whose definitions have to be there before",
        {"gatewayAPI": {"enabled": True}},
    ),
    _profile(
        "ingress",
        "as default, with Cilium for Ingress objects",
        {"ingressController": {"enabled": True, "loadbalancerMode": "shared"}},
    ),
    _profile(
        "mutual-auth",
        "1.14 to 1.20: as default, with identities by SPIRE and WireGuard between nodes",
        {"authentication": _MUTUAL, "encryption": {"enabled": True, "type": "wireguard"}},
    ),
    _profile(
        "ztunnel",
        "from 1.19 on, beta: as default, with mutual TLS between joined namespaces",
        {"encryption": {"enabled": True, "type": "ztunnel"}},
    ),
    _profile(
        "egress-gateway",
        "as default, with chosen nodes for what leaves the cluster",
        {"egressGateway": {"enabled": True}, "bpf": {"masquerade": True}},
    ),
)

# Every pod of the cluster is in the network already; ztunnel is joined by namespace.
INJECTION = Injection(mode="node", namespace_labels={"io.cilium/mtls-enabled": "true"})

TRUST = Trust(
    stores={
        "ca": Store(
            kind="Secret",
            name="cilium-ca",
            namespace="kube-system",
            keys={"certificate": "ca.crt", "key": "ca.key"},
        ),
        "ztunnel": Store(
            kind="Secret",
            name="cilium-ztunnel-secrets",
            namespace="kube-system",
            keys={
                "certificate": "ca-root.crt",
                "key": "ca-private.key",
                "anchors": "bootstrap-root.crt",
            },
        ),
    },
    secret_values={"cilium": ("tls.ca.key", "tls.ca.cert")},
    note="cilium-ca signs for Hubble and Cluster Mesh; ztunnel's also wants bootstrap-private.key",
)
