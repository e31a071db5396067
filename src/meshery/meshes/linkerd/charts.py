"""Linkerd's charts, profiles, injection, trust, and what stands beside it.

Charts and values were read in linkerd/linkerd2's charts and docs.buoyant.io on 2026-11-22.
"""

from typing import Any

from meshery.adapters.mesh import AddOn, Chart, Injection, Profile, Store, Trust
from meshery.meshes.linkerd.versions import EDGE, ENTERPRISE, STABLE

NAMESPACE = "linkerd"
ANCHORS = "linkerd-identity-trust-roots"
ISSUER = "linkerd-identity-issuer"

# The charts read the anchors from a ConfigMap and the issuer's pair from a Secret of type
# kubernetes.io/tls; both stand before the control plane does, so no key is ever a value.
_BY_REFERENCE: dict[str, Any] = {
    "identity": {"externalCA": True, "issuer": {"scheme": "kubernetes.io/tls"}}
}
_IN_CLEAR = (
    "identityTrustAnchorsPEM",
    "identity.issuer.tls.crtPEM",
    "identity.issuer.tls.keyPEM",
    "identity.issuer.tls.crtPEM64",
    "identity.issuer.tls.keyPEM64",
)
TRUST = Trust(
    stores={
        "anchors": Store(
            kind="ConfigMap",
            name=ANCHORS,
            namespace=NAMESPACE,
            keys={"anchors": "ca-bundle.crt"},
        ),
        "issuer": Store(
            kind="Secret",
            name=ISSUER,
            namespace=NAMESPACE,
            type="kubernetes.io/tls",
            keys={"certificate": "tls.crt", "key": "tls.key", "anchors": "ca.crt"},
        ),
    },
    values=dict.fromkeys(
        (
            "linkerd-control-plane",
            "stable-linkerd-control-plane",
            "linkerd-enterprise-control-plane",
        ),
        _BY_REFERENCE,
    ),
    secret_values={
        "linkerd-control-plane": _IN_CLEAR,
        "stable-linkerd-control-plane": _IN_CLEAR,
        "linkerd-enterprise-control-plane": (*_IN_CLEAR, "license"),
    },
    algorithms=("ecdsa-p256",),
    note="certificates have to be ECDSA; the anchors' common name is root.linkerd.TRUST-DOMAIN",
)


def _chart(name: str, repository: str, **more: Any) -> Chart:
    return Chart(name=name, repository=repository, release=name, namespace=NAMESPACE, **more)


CHARTS = (
    _chart("linkerd-crds", EDGE, crds=True),
    Chart(
        name="linkerd2-cni",
        repository=EDGE,
        release="linkerd2-cni",
        namespace="linkerd-cni",
        optional=True,
        needs=("linkerd-crds",),
    ),
    _chart("linkerd-control-plane", EDGE, needs=("linkerd-crds",), values=_BY_REFERENCE),
    _chart("linkerd-crds", STABLE, alias="stable-linkerd-crds", crds=True, optional=True),
    _chart(
        "linkerd-control-plane",
        STABLE,
        alias="stable-linkerd-control-plane",
        needs=("stable-linkerd-crds",),
        values=_BY_REFERENCE,
        optional=True,
    ),
    _chart("linkerd-enterprise-crds", ENTERPRISE, crds=True, optional=True),
    _chart(
        "linkerd-enterprise-control-plane",
        ENTERPRISE,
        needs=("linkerd-enterprise-crds",),
        values=_BY_REFERENCE,
        optional=True,
    ),
)

_EDGE_CHARTS = ("linkerd-crds", "linkerd-control-plane")
_AVAILABLE: dict[str, Any] = {
    "controllerReplicas": 3,
    "enablePodAntiAffinity": True,
    "enablePodDisruptionBudget": True,
    "highAvailability": True,
    "webhookFailurePolicy": "Fail",
}
PROFILES = (
    Profile(
        name="default",
        summary="One replica of each controller; the Gateway API has to be in the cluster already",
        charts=_EDGE_CHARTS,
    ),
    Profile(
        name="ha",
        summary="Three replicas apart from each other, and no pod without its proxy",
        charts=_EDGE_CHARTS,
        values={"linkerd-control-plane": _AVAILABLE},
    ),
    Profile(
        name="cni",
        summary="Pods are redirected by a plug-in of each node and need no privileges",
        charts=("linkerd-crds", "linkerd2-cni", "linkerd-control-plane"),
        values={"linkerd-control-plane": {"cniEnabled": True}},
    ),
    Profile(
        name="gateway-api",
        summary="As default, with the Gateway API's CRDs from Linkerd's chart",
        charts=_EDGE_CHARTS,
        values={"linkerd-crds": {"installGatewayAPI": True}},
    ),
    Profile(
        name="run-as-root",
        summary="As default, for nodes whose container runtime asks the init container to be root",
        charts=_EDGE_CHARTS,
        values={"linkerd-control-plane": {"proxyInit": {"runAsRoot": True}}},
    ),
    Profile(
        name="stable",
        summary="The last open source stable release (2.14.10), frozen since 2024-02-20",
        charts=("stable-linkerd-crds", "stable-linkerd-control-plane"),
    ),
    Profile(
        name="enterprise",
        summary="Buoyant Enterprise for Linkerd; its license is given with --values",
        charts=("linkerd-enterprise-crds", "linkerd-enterprise-control-plane"),
    ),
)

INJECTION = Injection(
    mode="sidecar",
    namespace_annotations={"linkerd.io/inject": "enabled"},
    pod_annotations={"linkerd.io/inject": "enabled"},
    excluding_pod_annotations={"linkerd.io/inject": "disabled"},
)


def _add_on(name: str, summary: str, namespace: str, repository: str = EDGE) -> AddOn:
    chart = Chart(
        name=name, repository=repository, release=name, namespace=namespace, optional=True
    )
    return AddOn(name=name.removeprefix("linkerd-"), summary=summary, chart=chart)


ADD_ONS = (
    _add_on("linkerd-viz", "Metrics, tap and a dashboard", "linkerd-viz"),
    _add_on("linkerd-multicluster", "Services of linked clusters", "linkerd-multicluster"),
    _add_on(
        "linkerd-jaeger",
        "Traces of proxies; last released with the stable channel",
        "linkerd-jaeger",
        STABLE,
    ),
    _add_on(
        "linkerd-smi",
        "TrafficSplits of SMI become ServiceProfiles",
        "linkerd-smi",
        "https://linkerd.github.io/linkerd-smi",
    ),
)
