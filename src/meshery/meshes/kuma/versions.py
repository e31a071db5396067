"""Kuma's releases, offline: the last patch of each line, and where they were read.

Lines and the Kubernetes they are tested on: pluralsh/console, static/compatibilities/kuma.yaml,
which reads K8S_MIN_VERSION and K8S_MAX_VERSION of each tag. 3.0 and 2.14.6: UPGRADE.md and releases
of kumahq/kuma. Dates of end: versions.yml of kumahq/kuma. What is empty could not be verified.
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
        charts={"kuma": name},  # the chart has carried Kuma's own version since 1.8
    )


VERSIONS = Versions(
    known=(
        _version("3.0.1"),
        _version("3.0.0", released="2026-10-14"),
        _version("2.14.6"),
        _version("2.14.4", "1.32", "1.35"),
        _version("2.13.10", "1.31", "1.34"),
        _version("2.12.14", "1.27", "1.32"),
        _version("2.11.18", "1.27", "1.32"),
        _version("2.10.11", "1.25", "1.31"),
        _version("2.9.19", "1.25", "1.31"),
        _version("2.8.8", "1.23", "1.30"),
        _version("2.7.29", "1.25", "1.31", ends="2026-10-19"),
        _version("2.6.15", "1.23", "1.28"),
        _version("2.5.11", "1.23", "1.28", ends="2024-11-15"),
        _version("2.4.10", "1.23", "1.27", ends="2024-08-29"),
        _version("2.3.7", "1.22", "1.27", ends="2024-06-23"),
        _version("2.2.9", "1.20", "1.26", ends="2024-04-14"),
    ),
    as_of=AS_OF,
    source="github.com/kumahq/kuma (UPGRADE.md, versions.yml), pluralsh/console compatibilities",
    ordering="semver",
    index=Index(url="https://kumahq.github.io/charts/index.yaml", chart="kuma", of="app"),
)
