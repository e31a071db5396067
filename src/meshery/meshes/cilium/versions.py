"""Cilium's releases, offline: the last patches of each line, and where they were read.

Kubernetes of a line: docs.cilium.io (Kubernetes compatibility) and pluralsh/console,
static/compatibilities/cilium.yaml. Releases: github.com/cilium/cilium. Three lines are maintained.
What is empty could not be verified.
"""

from meshery.adapters.mesh import Index, Version, Versions

AS_OF = "2026-11-22"


def _version(
    name: str, lowest: str = "", highest: str = "", *, released: str = "", ends: str = ""
) -> Version:
    return Version(
        name=name,
        released=released,
        ends=ends,
        kubernetes=(lowest, highest),
        charts={"cilium": name},  # the chart has Cilium's own version
    )


VERSIONS = Versions(
    known=(
        _version("1.20.3", "1.33", "1.36"),
        _version("1.20.2", "1.33", "1.36"),
        _version("1.20.1", "1.33", "1.36", released="2026-08-18"),
        _version("1.20.0", "1.33", "1.36", released="2026-07-29"),
        _version("1.19.7", "1.32", "1.35"),
        _version("1.19.5", "1.32", "1.35"),
        _version("1.19.0", "1.32", "1.35"),
        _version("1.18.14", "1.30", "1.33"),
        _version("1.18.4", "1.30", "1.33"),
        _version("1.17.8", ends="2026-07-29"),
        _version("1.16.15"),
        _version("1.15.17"),
        _version("1.14.18"),
        _version("1.13.16"),
    ),
    as_of=AS_OF,
    source="github.com/cilium/cilium, docs.cilium.io, pluralsh/console compatibilities",
    ordering="semver",
    index=Index(url="https://helm.cilium.io/index.yaml", chart="cilium", of="app"),
)
