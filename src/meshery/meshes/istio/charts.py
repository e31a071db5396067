"""How Istio is installed: charts in their order, profiles, trust, how workloads join, add-ons.

Source: Istio's guides "Install with Helm", for sidecars and for ambient mode, "Install Gateways",
"Plug in CA Certificates" and "Canary Upgrades", and the values of its charts; read on 2026-11-22.
"""

from meshery.adapters.mesh import AddOn, Chart, Injection, Profile, Store, Trust
from meshery.meshes.istio.naming import ROOT_NAMESPACE
from meshery.meshes.istio.versions import REPOSITORY

TAG_VALUE = "defaultRevision"
"""The value of `base` that names the revision whose webhook validates what no revision claims."""

_GATEWAY = "gateway"
_INGRESS = "istio-ingressgateway"
_EGRESS = "istio-egressgateway"

BASE = Chart(
    name="base",
    repository=REPOSITORY,
    release="istio-base",
    namespace=ROOT_NAMESPACE,
    values={TAG_VALUE: "default"},
    crds=True,
)
ISTIOD = Chart(
    name="istiod",
    repository=REPOSITORY,
    revision_value="revision",
    release="istiod",
    namespace=ROOT_NAMESPACE,
    needs=("base",),
)
CNI = Chart(
    name="cni",
    repository=REPOSITORY,
    revision_value="revision",
    release="istio-cni",
    namespace=ROOT_NAMESPACE,
    needs=("base", "istiod"),
    optional=True,
)
ZTUNNEL = Chart(
    name="ztunnel",
    repository=REPOSITORY,
    revision_value="revision",
    release="ztunnel",
    namespace=ROOT_NAMESPACE,
    needs=("istiod", "cni"),
    optional=True,
)
INGRESS = Chart(
    name=_GATEWAY,
    revision_value="revision",
    alias=_INGRESS,
    repository=REPOSITORY,
    release=_INGRESS,
    namespace=ROOT_NAMESPACE,
    needs=("istiod",),
    optional=True,
)
EGRESS = Chart(
    name=_GATEWAY,
    revision_value="revision",
    alias=_EGRESS,
    repository=REPOSITORY,
    release=_EGRESS,
    namespace=ROOT_NAMESPACE,
    values={"service": {"type": "ClusterIP"}},
    needs=("istiod",),
    optional=True,
)

CHARTS = (BASE, ISTIOD, CNI, ZTUNNEL, INGRESS, EGRESS)
"""In the order in which they are installed.

The gateways stand in the namespace of the control plane, as the original puts them; their release
names give their pods the labels `istio: ingressgateway` and `istio: egressgateway`.
"""

INJECTION = Injection(
    mode="sidecar",
    namespace_labels={"istio-injection": "enabled"},
    pod_labels={"sidecar.istio.io/inject": "true"},
    excluding_pod_labels={"sidecar.istio.io/inject": "false"},
    revision_label="istio.io/rev",
)
"""With a revision its label stands in place of `istio-injection`, which would win over it."""

AMBIENT_INJECTION = Injection(
    mode="node",
    namespace_labels={"istio.io/dataplane-mode": "ambient"},
    pod_labels={"istio.io/dataplane-mode": "ambient"},
    excluding_pod_labels={"istio.io/dataplane-mode": "none"},
    revision_label="istio.io/rev",
)
"""How workloads join in the profile `ambient`."""

PROFILES = (
    Profile(
        name="default",
        summary="control plane and an ingress gateway",
        charts=("base", "istiod", _INGRESS),
    ),
    Profile(
        name="minimal",
        summary="the control plane alone",
        charts=("base", "istiod"),
    ),
    Profile(
        name="demo",
        summary="control plane and both gateways, with little memory and every request traced",
        charts=("base", "istiod", _INGRESS, _EGRESS),
        values={"istiod": {"profile": "demo"}},
    ),
    Profile(
        name="ambient",
        summary="control plane, node agent and node proxy; no sidecars",
        charts=("base", "istiod", "cni", "ztunnel"),
        values={"istiod": {"profile": "ambient"}, "cni": {"profile": "ambient"}},
        injection=AMBIENT_INJECTION,
    ),
)

TRUST = Trust(
    stores={
        "issuer": Store(
            kind="Secret",
            name="cacerts",
            namespace=ROOT_NAMESPACE,
            type="Opaque",
            keys={
                "certificate": "ca-cert.pem",
                "key": "ca-key.pem",
                "anchors": "root-cert.pem",
                "chain": "cert-chain.pem",
            },
        ),
    },
    note="without the Secret istiod signs for itself; it is read when istiod starts",
)


def _sample(name: str, summary: str, *, folder: str = "samples/addons") -> AddOn:
    place = f"https://raw.githubusercontent.com/istio/istio/{{version}}/{folder}/{name}.yaml"
    return AddOn(name=name, summary=summary, manifests=(place,))


ADD_ONS = (
    _sample("prometheus", "metrics of the mesh, kept for a few hours"),
    _sample("grafana", "dashboards over the metrics; needs prometheus"),
    _sample("kiali", "a console of the mesh; needs prometheus"),
    _sample("jaeger", "traces"),
    _sample("zipkin", "traces, in place of jaeger", folder="samples/addons/extras"),
)
"""The samples of a release, `{version}` its name; Istio says that they are for trying it out."""
