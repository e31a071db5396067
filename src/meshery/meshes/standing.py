"""Leaving a mesh whose control plane is Istio: what can stay as it is, and what cannot."""

from collections.abc import Sequence

from meshery.adapters.draft import Object
from meshery.meshes.look import told

_ISTIO = (
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
    "gateway.networking.k8s.io",
)


def read_istio(
    objects: Sequence[Object], own_groups: Sequence[str], why: str
) -> tuple[Sequence[Object], Sequence[str]]:
    """No behaviours: Istio's objects stay. A line for each of the vendor's own, with the reason.

    An EnvoyFilter is told of too: what it patches is another proxy afterwards.
    """
    lost = []
    for each in objects:
        group = str(each.get("apiVersion", "")).rpartition("/")[0]
        if group in _ISTIO and each.get("kind") == "EnvoyFilter":
            lost.append(f"{told(each)}: patches a proxy, which is another one afterwards")
        elif any(group == own or group.endswith(f".{own}") for own in own_groups):
            lost.append(f"{told(each)}: is {why}")
    return (), tuple(lost)
