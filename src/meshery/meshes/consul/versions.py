"""Consul's versions: those of the servers, and the chart (consul-k8s) that carries each.

Up to 1.22 chart and servers have numbers of their own (chart 1.9 has Consul 1.22), from 2.0 on the
same. Enterprise carries `+ent`.
"""

from meshery.adapters.mesh import Index, Version, Versions
from meshery.adapters.ordering import is_at_least

AS_OF = "2026-11-22"
REPOSITORY = "https://helm.releases.hashicorp.com"
NEWEST = "2.0.2"


def is_enterprise(version: str) -> bool:
    """Whether the servers are Consul Enterprise, by the ending of their version."""
    return version.endswith(("+ent", "-ent"))


def has(version: str, since: str) -> bool:
    """Whether a version has what came with another; one that is not told has everything."""
    plain = version.removesuffix("+ent").removesuffix("-ent")
    return not plain or is_at_least(plain, since)


def _version(name: str, chart: str, kubernetes: tuple[str, str], released: str = "") -> Version:
    return Version(name=name, released=released, kubernetes=kubernetes, charts={"consul": chart})


# Kubernetes: the vendor's compatibility matrix, read 2026-11-22. For 2.0 no row was found; the
# chart's kubeVersion is taken, which names no highest. Days of release are left out where they were
# not found.
VERSIONS = Versions(
    as_of=AS_OF,
    source="developer.hashicorp.com/consul/docs/k8s/compatibility, hashicorp/consul-k8s",
    index=Index(url=f"{REPOSITORY}/index.yaml", chart="consul", of="app"),
    known=(
        _version("2.0.2", "2.0.2", ("1.22", "")),
        _version("2.0.0", "2.0.0", ("1.22", ""), "2026-05-24"),
        _version("1.22.0", "1.9.0", ("1.30", "1.34")),
        _version("1.21.0", "1.8.0", ("1.30", "1.34")),
        _version("1.20.0", "1.7.0", ("1.28", "")),
        _version("1.17.0", "1.3.0", ("1.25", "1.28")),
        _version("1.16.0", "1.2.0", ("1.24", "1.27")),
        _version("1.15.0", "1.1.0", ("1.23", "1.26")),
        _version("1.14.8", "1.0.8", ("1.22", "1.25")),
    ),
)
