"""Leaving a mesh whose control plane is Istio: to Istio itself, or further to another mesh."""

from collections.abc import Callable, Sequence

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.istio.migrate import MIGRATIONS as FURTHER
from meshery.meshes.look import told
from meshery.meshes.translation import Answer

_ISTIO = (
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
    "gateway.networking.k8s.io",
)


def migrations(
    own_groups: Sequence[str], *, why_lost: str, why_istio: str
) -> tuple[Migration, ...]:
    """The ways: to Istio, where its objects stay, and wherever Istio's own lead.

    `own_groups` are the vendor's API groups, whose objects are lost, `why_lost` says why.
    """

    def stays(objects: Sequence[Object]) -> Answer:
        """No behaviours: Istio reads its own objects."""
        filters = [
            f"{told(each)}: patches a proxy, which is another one afterwards"
            for each in objects
            if each.get("kind") == "EnvoyFilter" and _group(each) in _ISTIO
        ]
        return (), (*filters, *_lost(objects, own_groups, why_lost))

    found = [Migration(to="istio", why=why_istio, read=stays)]
    for each in FURTHER:
        read = _with_lost(each.read, own_groups, why_lost)
        found.append(Migration(to=each.to, why=each.why, read=read))
    return tuple(found)


def _with_lost(
    read: Callable[[Sequence[Object]], Answer], own_groups: Sequence[str], why: str
) -> Callable[[Sequence[Object]], Answer]:
    def whole(objects: Sequence[Object]) -> Answer:
        documents, lines = read(objects)
        return documents, (*lines, *_lost(objects, own_groups, why))

    return whole


def _lost(objects: Sequence[Object], own_groups: Sequence[str], why: str) -> tuple[str, ...]:
    return tuple(
        f"{told(each)}: is {why}"
        for each in objects
        if any(_group(each) == own or _group(each).endswith(f".{own}") for own in own_groups)
    )


def _group(found: Object) -> str:
    return str(found.get("apiVersion", "")).rpartition("/")[0]
