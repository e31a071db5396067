"""Kuma's chart, the ways to install it, and how workloads join.

Values were read in kumahq/kuma, deployments/charts/kuma, and in its UPGRADE.md (2026-11-22).
"""

from meshery.adapters.mesh import Chart, Injection, Profile

CHARTS = (
    Chart(
        name="kuma",
        repository="https://kumahq.github.io/charts",
        release="kuma",
        namespace="kuma-system",
        crds=True,
    ),
)

PROFILES = (
    Profile(
        name="default",
        summary="one control plane for this cluster, proxies beside workloads",
        charts=("kuma",),
        values={"kuma": {"controlPlane": {"mode": "zone"}}},
    ),
    Profile(
        name="cni",
        summary="as default; a chained network plug-in takes the place of init containers",
        charts=("kuma",),
        values={
            "kuma": {
                "controlPlane": {"mode": "zone"},
                "cni": {"enabled": True, "chained": True},
            }
        },
    ),
    Profile(
        name="egress",
        summary="3.x: as default, with a zone egress of the mesh default for what leaves it",
        charts=("kuma",),
        values={
            "kuma": {
                "controlPlane": {"mode": "zone"},
                "meshes": [{"name": "default", "egress": {"enabled": True}}],
            }
        },
    ),
    Profile(
        name="egress-2",
        summary="2.x: as default, with a zone egress for what leaves the mesh",
        charts=("kuma",),
        values={"kuma": {"controlPlane": {"mode": "zone"}, "egress": {"enabled": True}}},
    ),
)

# It is a label: since 2.0 the annotation that the original's adapter sets is refused.
INJECTION = Injection(
    mode="sidecar",
    namespace_labels={"kuma.io/sidecar-injection": "enabled"},
    pod_labels={"kuma.io/sidecar-injection": "enabled"},
    excluding_pod_labels={"kuma.io/sidecar-injection": "disabled"},
)
