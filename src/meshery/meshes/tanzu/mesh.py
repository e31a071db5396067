"""Tanzu Service Mesh as data: known when it is found, explained, and left."""

from collections.abc import Sequence

from meshery.adapters.draft import render_each
from meshery.adapters.mesh import Mesh, Operation, Status, Versions
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.istio_beneath import migrations
from meshery.meshes.operations import CUSTOM

_BENEATH = (
    "its clusters run Istio: give the behaviour to the mesh istio there; what spans clusters is "
    "said in its console (a global namespace)"
)

ALTERNATIVES = dict.fromkeys(Kind, _BENEATH)


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Nothing: its API is not public. Each behaviour is told that Istio stands beneath."""
    return render_each(behaviours, world, {}, ALTERNATIVES, mesh="Tanzu Service Mesh")


MESH = Mesh(
    name="tanzu",
    title="Tanzu Service Mesh",
    smp="TANZU",
    port=10014,
    status=Status(
        state="dormant",
        as_of="2026-11-21",
        source="https://docs.vmware.com/en/VMware-Tanzu-Service-Mesh/ still stands, no end is "
        "announced there; the original's adapter was archived in 2023",
        advice="offboard the clusters from its console, keep Istio and its objects, and say global "
        "namespaces anew (Istio multicluster). There is no installer outside the service",
        has_installer=False,
    ),
    versions=Versions(
        known=(), as_of="2026-11-21", source="a service: its agents are kept up to date by it"
    ),
    render=render,
    operations=(
        Operation(
            key="install_book_info",
            text="Book Info Application",
            category="sample",
            does="sample",
            argument="bookinfo",
        ),
        Operation(
            key="install_http_bin",
            text="HTTPbin Application",
            category="sample",
            does="sample",
            argument="httpbin",
        ),
        CUSTOM,
    ),
    migrations=migrations(
        ("vmware.com", "tanzu.vmware.com"),
        why_lost="kept by Tanzu's operator, and its policies live in its service",
        why_istio="its clusters run Istio already",
    ),
)
