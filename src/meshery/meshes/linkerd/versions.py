"""Linkerd's versions: three families of names on one line of development.

`edge-26.9.3` is what the open source project releases, `stable-2.14.10` the last that it called
stable, `enterprise-2.20.2` Buoyant's. Since 2.15 a version of Linkerd is a mark on an edge release;
what a release can do follows from the line (2.x) that it belongs to.
"""

import re

from meshery.adapters.mesh import Index, Version, Versions

AS_OF = "2026-11-22"
EDGE = "https://helm.linkerd.io/edge"
STABLE = "https://helm.linkerd.io/stable"
ENTERPRISE = "https://helm.buoyant.cloud"

NEWEST_LINE = 20
# The first edge release of each line. 2.15 to 2.19 are the vendor's own table (versions.yaml of
# linkerd.io and the tags version-2.Y, read 2026-11-22). 2.13 and 2.14 are the nearest release
# candidates. 2.20 is of 2026-06-22; which edge release it is was not found, so the first of the
# month after is taken.
_LINES = (
    ((23, 4, 1), 13),
    ((23, 8, 2), 14),
    ((24, 2, 4), 15),
    ((24, 8, 2), 16),
    ((24, 11, 8), 17),
    ((25, 4, 4), 18),
    ((25, 10, 7), 19),
    ((26, 7, 1), 20),
)
_EDGE = re.compile(r"edge-(\d+)\.(\d+)\.(\d+)")
_NUMBERED = re.compile(r"(?:stable-|enterprise-|version-|v)?2\.(\d+)(?:\.\d+)*(?:[-+].*)?")


def line(version: str) -> int:
    """The line of a version: 18 for 2.18 whatever the family; the newest where it cannot be read.

    An edge release older than 2.13 is of line 12.
    """
    edge = _EDGE.match(version)
    if edge:
        own = tuple(int(part) for part in edge.groups())
        return max((number for first, number in _LINES if own >= first), default=12)
    numbered = _NUMBERED.fullmatch(version)
    return int(numbered[1]) if numbered else NEWEST_LINE


def is_enterprise(version: str) -> bool:
    """Whether it is Buoyant's distribution, which has charts and features of its own."""
    return version.startswith(("enterprise-", "preview-"))


def _edge(name: str, released: str, lowest: str) -> Version:
    """An edge release: its charts carry the calendar, `2026.9.3` for `edge-26.9.3`."""
    chart = "20" + name.removeprefix("edge-")
    charts = dict.fromkeys(("linkerd-crds", "linkerd-control-plane", "linkerd2-cni"), chart)
    return Version(
        name=name,
        released=released,
        kubernetes=(lowest, ""),
        charts=charts | {"linkerd-viz": chart, "linkerd-multicluster": chart},
        channel="edge",
    )


def _enterprise(number: str, released: str, lowest: str) -> Version:
    charts = dict.fromkeys(("linkerd-enterprise-crds", "linkerd-enterprise-control-plane"), number)
    return Version(
        name=f"enterprise-{number}",
        released=released,
        kubernetes=(lowest, ""),
        charts=charts,
        channel="enterprise",
    )


# The lowest Kubernetes is the chart's kubeVersion at each tag; for edge releases nobody upstream
# names a highest.
VERSIONS = Versions(
    ordering="calendar",
    as_of=AS_OF,
    source="linkerd/linkerd2 tags and charts, linkerd.io/releases, docs.buoyant.io/release-notes",
    index=Index(url=f"{EDGE}/index.yaml", chart="linkerd-control-plane", of="app"),
    known=(
        Version(
            name="edge-26.10.1",
            kubernetes=("1.31", ""),
            charts=dict.fromkeys(
                (
                    "linkerd-crds",
                    "linkerd-control-plane",
                    "linkerd2-cni",
                    "linkerd-viz",
                    "linkerd-multicluster",
                ),
                "2026.10.1",
            ),
            channel="edge",
        ),
        _edge("edge-26.9.3", "2026-09-16", "1.31"),
        _edge("edge-26.9.1", "2026-09-04", "1.31"),
        _enterprise("2.20.2", "2026-08-26", "1.31"),
        _edge("edge-25.10.7", "", "1.23"),
        _edge("edge-25.4.4", "2025-04-23", "1.23"),
        _edge("edge-24.11.8", "2024-12-05", "1.22"),
        _edge("edge-24.8.2", "2024-08-13", "1.22"),
        _edge("edge-24.2.4", "2024-02-21", "1.22"),
        Version(
            name="stable-2.14.10",
            released="2024-02-20",
            kubernetes=("1.21", "1.28"),
            charts={
                "linkerd-crds": "1.8.0",
                "linkerd-control-plane": "1.16.11",
                "linkerd2-cni": "30.12.2",
                "linkerd-viz": "30.12.11",
                "linkerd-multicluster": "30.11.11",
                "linkerd-jaeger": "30.12.11",
            },
            channel="stable",
            ends="2024-02-20",
        ),
    ),
)
