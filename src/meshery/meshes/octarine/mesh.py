"""Octarine as data: known when it is found, explained, and left."""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object, render_each
from meshery.adapters.mesh import Mesh, Migration, Operation, Status, Versions
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.look import told
from meshery.meshes.operations import CUSTOM

_SECURITY = "Istio, Linkerd or Consul do it by identities; its own policies lived in its service"
_TRAFFIC = "Octarine watched traffic and steered none; Istio, Linkerd, Consul and Kuma do"

ALTERNATIVES = {
    kind: _SECURITY if kind in (Kind.MTLS, Kind.ACCESS, Kind.EGRESS) else _TRAFFIC for kind in Kind
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Nothing: it has no API in the cluster. Each behaviour is told where to go."""
    return render_each(behaviours, world, {}, ALTERNATIVES, mesh="Octarine")


def read(objects: Sequence[Object]) -> tuple[Sequence[Mapping[str, Any]], Sequence[str]]:
    """No behaviours: its objects in the cluster are agents, its policies lived elsewhere."""
    lost = [
        f"{told(each)}: is an agent of Octarine; its policies are not in the cluster"
        for each in objects
        if "octarine" in told(each).lower()
    ]
    return (), tuple(lost)


MESH = Mesh(
    name="octarine",
    title="Octarine",
    smp="OCTARINE",
    port=10003,
    status=Status(
        state="ended",
        since="2020",
        as_of="2026-11-21",
        source="the original's adapter, archived; VMware bought the company in 2020 (the day could "
        "not be verified)",
        advice="write down who may call whom from its console's exports or from the topology, and "
        "say it as access behaviours for a living mesh. Delete the namespace octarine-dataplane "
        "and its webhooks; restart what carries its sidecar",
        has_installer=False,
    ),
    versions=Versions(
        known=(), as_of="2026-11-21", source="no versions were ever published outside its service"
    ),
    render=render,
    operations=(
        Operation(
            key="install_book_info",
            text="Install the canonical Book Info Application",
            category="sample",
            does="sample",
            argument="bookinfo",
        ),
        CUSTOM,
    ),
    migrations=(
        Migration(
            to="istio",
            why="its access policies say by identity what Octarine's said",
            read=read,
        ),
    ),
)
