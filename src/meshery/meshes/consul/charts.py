"""Consul's chart, profiles, injection, and what it is given its trust with.

Values were read in hashicorp/consul-k8s (charts/consul) and the vendor's Helm reference on
2026-11-22.
"""

from typing import Any

from meshery.adapters.mesh import Chart, Injection, Profile, Store, Trust
from meshery.meshes.consul.versions import REPOSITORY

NAMESPACE = "consul"
CA = "consul-ca-cert"
CA_KEY = "consul-ca-key"
GOSSIP = "consul-gossip-encryption-key"

CHARTS = (
    Chart(
        name="consul",
        repository=REPOSITORY,
        release="consul",
        namespace=NAMESPACE,
        values={"global": {"name": "consul"}, "connectInject": {"enabled": True}},
        crds=True,
    ),
)

_SMALL: dict[str, Any] = {"server": {"replicas": 1, "affinity": None}}
_SECURE: dict[str, Any] = {
    "global": {
        "tls": {"enabled": True, "enableAutoEncrypt": True},
        "acls": {"manageSystemACLs": True},
        "gossipEncryption": {"autoGenerate": True},
    }
}
PROFILES = (
    Profile(
        name="default",
        summary="Servers and injector; TLS between servers, and ACLs, are off",
        charts=("consul",),
    ),
    Profile(
        name="demo",
        summary="One server that may stand on any node, as the original's adapter installs it",
        charts=("consul",),
        values={"consul": _SMALL},
    ),
    Profile(
        name="secure",
        summary="TLS everywhere, ACLs (intentions deny by default) and encrypted gossip",
        charts=("consul",),
        values={"consul": _SECURE},
    ),
    Profile(
        name="gateways",
        summary="As default, with a terminating gateway for ways out of the mesh",
        charts=("consul",),
        values={"consul": {"terminatingGateways": {"enabled": True}}},
    ),
)

TRUST = Trust(
    stores={
        "issuer": Store(
            kind="Secret",
            name=CA,
            namespace=NAMESPACE,
            keys={"certificate": "tls.crt"},
        ),
        "issuer-key": Store(
            kind="Secret", name=CA_KEY, namespace=NAMESPACE, keys={"key": "tls.key"}
        ),
        "gossip": Store(kind="Secret", name=GOSSIP, namespace=NAMESPACE, keys={"token": "key"}),
    },
    values={
        "consul": {
            "global": {
                "tls": {
                    "caCert": {"secretName": CA, "secretKey": "tls.crt"},
                    "caKey": {"secretName": CA_KEY, "secretKey": "tls.key"},
                }
            }
        }
    },
    algorithms=("ecdsa-p256",),
    note="this is the certificate authority of the servers' TLS; the one of workloads is made by "
    "the servers themselves unless Vault keeps it, and is rotated by Consul",
)

INJECTION = Injection(
    mode="sidecar",
    namespace_annotations={"consul.hashicorp.com/connect-inject": "true"},
    pod_annotations={"consul.hashicorp.com/connect-inject": "true"},
    excluding_pod_annotations={"consul.hashicorp.com/connect-inject": "false"},
)
