"""The short parts of a mesh's page: what to do, control planes, data planes, who it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nicegui import ui

from meshery.discovery.fingerprints.model import UNKNOWN, Certificate, ControlPlane
from meshery.discovery.landscape import Fact
from meshery.discovery.meshes import MeshItem
from meshery.discovery.next_step import NextStep, next_steps
from meshery.discovery.views.mesh_words import coverage_words, day, until_tone, until_words
from meshery.discovery.views.places import landscape_href, resources_href
from meshery.ui.format import percent, whole
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.meter import meter
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.tile import Tile, tiles

_ICONS = {"bad": "error_outline", "warn": "warning_amber", "info": "info_outline"}
_HEALTH = {"healthy": "ok", "degraded": "warn", "down": "bad"}
_ROLES: Mapping[str, str] = {
    "sidecar": "sidecars",
    "native-sidecar": "native sidecars",
    "gateway": "gateways",
    "waypoint": "waypoints",
    "ambient": "pods carried by their node",
    "control-plane": "beside the mesh's own parts",
}


def draw_parts(item: MeshItem) -> None:
    """All short parts, in their order."""
    now = datetime.now(UTC)
    _draw_tiles(item)
    steps = next_steps(item, now=now)
    if steps or item.notes:
        with panel("What to do"):
            _draw_steps(item, steps)
    if item.advice:
        _draw_advice(item, item.advice)
    _draw_control_planes(item, now)
    with panels("top"):
        with panel("Data planes"):
            _draw_data_planes(item)
        with panel("Who it is"):
            _draw_identity(item)
    with panels("top"):
        if item.peers:
            with panel("Peers", "Other clusters that this mesh is joined to, as said here."):
                _draw_peers(item)
        if item.add_ons:
            with panel("Add-ons", "Tools of this cluster that meshes are used with."):
                _draw_add_ons(item)


def _draw_tiles(item: MeshItem) -> None:
    planes = item.data_planes
    left_out = sum(each.eligible for each in planes.not_injected)
    with tiles():
        share = percent(planes.coverage) if planes.coverage is not None else "-"
        Tile("Coverage", share, f"{coverage_words(item)} pods")
        Tile("Proxies", whole(planes.proxies), f"of {whole(planes.workloads)} workloads")
        skewed = len(planes.skewed)
        Tile("Skewed", whole(skewed), "by version", tone="warn" if skewed else "")
        Tile(
            "Without proxy",
            whole(left_out),
            "that should have one",
            tone="warn" if left_out else "",
        )
        Tile("Confidence", percent(item.confidence), f"{len(item.evidence)} observations")


def _draw_steps(item: MeshItem, steps: Sequence[NextStep]) -> None:
    for step in steps:
        href = landscape_href(item.mesh) if step.part == "advice" else f"#{step.part}"
        with tag("a", classes="entry", href=href):
            ui.icon(_ICONS[step.urgency]).classes(f"tone {step.urgency}").props["aria-label"] = (
                step.urgency
            )
            tag("span", step.words)
    for note in item.notes:
        with tag("div", classes="entry"):
            ui.icon("info_outline").classes("tone").props("aria-hidden=true")
            tag("span", note[:1].upper() + note[1:])


def _draw_advice(item: MeshItem, advice: Fact) -> None:
    with tag("section", classes="validity degraded", id="advice", aria_label="Advice"):
        tag("p", advice.text)
        with tag("p", classes="secondary"):
            tag("span", f"{advice.source}, {advice.as_of}. ")
            tag("a", "What the landscape says", href=landscape_href(item.mesh))


def _draw_control_planes(item: MeshItem, now: datetime) -> None:
    with panel("Control planes", _revisions(item)) as section:
        section.props["id"] = "control-planes"
        if not item.control_planes:
            tag("p", "None in this cluster.", "secondary")
            return
        plain_table(
            ("Name", "Part", "Version", "Revision", "Ready", "Health", "Certificate"),
            [_plane_cells(item, each, now) for each in item.control_planes],
            numbers=(4,),
            label="Control planes",
        )
        found = [each for plane in item.control_planes for each in plane.certificates]
        if found:
            tag("h3", "Certificates", "panel-title gap-above", id="certificates")
            plain_table(
                ("Certificate", "Read from", "Ends", ""),
                [_certificate_cells(each, now) for each in dict.fromkeys(found)],
                label="Certificates",
            )


def _revisions(item: MeshItem) -> str:
    if len(item.revisions) < 2:
        return ""
    return f"{len(item.revisions)} revisions: {', '.join(item.revisions)}."


def _plane_cells(item: MeshItem, plane: ControlPlane, now: datetime) -> list[str | Cell]:
    ends_at = _moment(plane.certificate_expires_at)
    revision = plane.revision or "-"
    if plane.tags:
        revision += f" ({', '.join(plane.tags)})"
    where = "outside the cluster" if plane.managed else plane.namespace
    href = resources_href(
        cluster=item.cluster_id, kind=plane.kind, namespace=plane.namespace, search=plane.name
    )
    return [
        Cell(plane.name, href, classes="wrap", note=where),
        plane.component,
        plane.version,
        Cell(revision, classes="wrap"),
        f"{plane.ready} of {plane.desired}",
        Cell(plane.health.value, classes=_HEALTH.get(plane.health.value, "")),
        Cell(until_words(ends_at, now=now), classes=until_tone(ends_at, now=now)),
    ]


def _certificate_cells(each: Certificate, now: datetime) -> list[str | Cell]:
    ends_at = _moment(each.expires_at)
    words = Cell(until_words(ends_at, now=now), classes=until_tone(ends_at, now=now))
    return [each.name, Cell(each.source, classes="code wrap"), words, day(ends_at)]


def _moment(text: str) -> datetime | None:
    return None if text == UNKNOWN else datetime.fromisoformat(text).astimezone(UTC)


def _draw_data_planes(item: MeshItem) -> None:
    planes = item.data_planes
    roles: Counter[str] = Counter()
    for each in planes.by_workload:
        roles[each.role] += each.pods
    rows: list[list[str | Cell]] = [
        [_ROLES.get(role, role).capitalize(), whole(pods)] for role, pods in roles.items()
    ]
    if planes.node_proxies:
        rows.append(["Proxies of nodes", whole(planes.node_proxies)])
    rows += [
        [Cell(f"Version {version}", classes="secondary"), whole(pods)]
        for version, pods in planes.versions.items()
    ]
    meter(planes.coverage, f"{coverage_words(item)} eligible pods are meshed")
    plain_table(("Proxies", "Pods"), rows, numbers=(1,), label="Data planes")
    if planes.node_agents:
        agents: list[list[str | Cell]] = [
            [
                Cell(each.name, classes="wrap", note=each.namespace),
                each.role,
                each.version,
                Cell(
                    f"{each.ready} of {each.desired}",
                    classes="" if each.ready >= each.desired else "warn",
                ),
            ]
            for each in planes.node_agents
        ]
        headings = ("On nodes", "Role", "Version", "Ready")
        plain_table(headings, agents, numbers=(3,), label="On nodes")


def _draw_identity(item: MeshItem) -> None:
    facts = {
        "Cluster": item.cluster,
        "Build": item.build,
        "Mesh id": item.mesh_id,
        "Trust domain": item.trust_domain,
        "Network": item.network,
        "Zone": item.zone,
        "Role of the zone": item.zone_role,
        "Current release": item.current.text if item.current else "",
    }
    with tag("dl", classes="facts"):
        for name, value in facts.items():
            if value:
                tag("dt", name)
                tag("dd", value)
        tag("dt", "Project")
        with tag("dd"):
            tag("a", f"{item.title} is {item.standing.value}", href=landscape_href(item.mesh))


def _draw_peers(item: MeshItem) -> None:
    plain_table(
        ("Name", "Joined by", "State"),
        [
            [Cell(each.name, classes="wrap", note=each.object), each.via, each.state]
            for each in item.peers
        ],
        label="Peers",
    )


def _draw_add_ons(item: MeshItem) -> None:
    plain_table(
        ("Tool", "Version", "Health", "Answers at"),
        [
            [
                Cell(each.name, classes="wrap", note=f"{each.namespace}/{each.workload}"),
                each.version,
                Cell(each.health.value, classes=_HEALTH.get(each.health.value, "")),
                Cell(f"{each.service}:{each.port}" if each.service else "-", classes="code wrap"),
            ]
            for each in item.add_ons
        ],
        label="Add-ons",
    )
