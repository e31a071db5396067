"""From CPX proxies to Envoy: the control plane stays Istio's, and so do its objects."""

from collections.abc import Sequence

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.standing import read_istio

_OWN_GROUPS = ("citrix.com", "netscaler.com")


def read(objects: Sequence[Object]) -> tuple[Sequence[Object], Sequence[str]]:
    """No behaviours: Istio reads its own objects. NetScaler's have no equivalent."""
    return read_istio(objects, _OWN_GROUPS, "NetScaler's own, which no other mesh reads")


MIGRATIONS = (
    Migration(to="istio", why="it is Istio already, with proxies of another make", read=read),
)
