"""Istio's objects, and what of them the xDS adaptor is not known to carry to NetScaler CPX."""

from collections.abc import Callable, Sequence

from meshery.adapters.draft import Draft, Table
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.istio.table import ALTERNATIVES as OF_ISTIO
from meshery.meshes.istio.table import TABLE as ISTIO
from meshery.meshes.istio.table import rendered

UNVERIFIED = (
    "that netscaler-xds-adaptor carries this to NetScaler CPX could not be verified: look at the "
    "proxy's configuration"
)

ALTERNATIVES = {
    **OF_ISTIO,
    Kind.RATELIMIT: "a rate limit policy of NetScaler itself (CRD ratelimit of its ingress "
    "controller): Istio says limits to Envoy alone",
}


def _doubted(write: Callable[[Draft], None]) -> Callable[[Draft], None]:
    """Istio's way, without what is said to Envoy itself, and with a doubt."""

    def doubted(draft: Draft) -> None:
        write(draft)
        kept = [each for each in draft.objects if each["kind"] != "EnvoyFilter"]
        if len(kept) < len(draft.objects):
            draft.objects[:] = kept
            draft.dropped("bandwidth", "an EnvoyFilter speaks to Envoy, and CPX is none")
        if draft.objects:
            draft.nearly(UNVERIFIED)

    return doubted


TABLE: Table = {kind: _doubted(ISTIO[kind]) for kind in ISTIO if kind is not Kind.RATELIMIT}
"""A rate limit is nothing but an EnvoyFilter; of a fault the bandwidth is one."""


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as Istio's objects for NetScaler CPX."""
    return rendered(behaviours, world, TABLE, ALTERNATIVES, mesh="Citrix Service Mesh")
