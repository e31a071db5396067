"""Istio's releases: an offline list, and where the vendor lists them.

Release names and dates are those of the vendor's announcements (istio.io/latest/news/releases);
Kubernetes versions and ends of life those of its table of supported releases. Both were read in
stored copies on 2026-11-22. What stood in none of them is left empty: the dates of patches whose
announcement says none, and the Kubernetes versions of 1.31. Patches that were not found named are
not listed; the living index has them.
"""

from meshery.adapters.mesh import Index, Version, Versions

REPOSITORY = "https://istio-release.storage.googleapis.com/charts"
CHARTS = ("base", "istiod", "cni", "ztunnel", "gateway")

_KUBERNETES = {"1.30": ("1.32", "1.36"), "1.29": ("1.31", "1.35")}
_ENDS = {"1.29": "2026-10-15"}
_RELEASED = {
    "1.31.1": "",
    "1.31.0": "",
    "1.30.5": "",
    "1.30.4": "2026-08-27",
    "1.30.3": "2026-07-16",
    "1.30.2": "2026-06-24",
    "1.30.1": "2026-06-04",
    "1.30.0": "2026-05-18",
    "1.29.9": "",
    "1.29.8": "",
    "1.29.5": "",
    "1.29.4": "",
    "1.29.2": "",
    "1.29.0": "2026-02-16",
}


def _version(name: str) -> Version:
    line = name.rpartition(".")[0]
    return Version(
        name=name,
        released=_RELEASED[name],
        kubernetes=_KUBERNETES.get(line, ("", "")),
        charts=dict.fromkeys(CHARTS, name),
        ends=_ENDS.get(line, ""),
    )


VERSIONS = Versions(
    known=tuple(_version(name) for name in _RELEASED),
    as_of="2026-11-22",
    source="istio.io/latest/news/releases; istio.io data/compatibility/supportStatus.yml",
    index=Index(url=f"{REPOSITORY}/index.yaml", chart="istiod"),
)
"""Newest first. The version of each chart is that of Istio itself."""
