"""Components of a mesh's own API as native objects."""

import difflib
from typing import Any

from meshery.adapters.choosing import is_within
from meshery.adapters.draft import key_of
from meshery.adapters.mesh import Mesh
from meshery.adapters.model import Component, ComponentRendering
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Outcome, World


def render_component(mesh: Mesh, component: Component, world: World) -> ComponentRendering:
    """The object of a component; none where this version of the mesh does not have its kind."""
    wanted = f"{component.api_version} {component.kind}"
    kinds = {f"{each.api_version} {each.kind}": each for each in mesh.kinds}
    kind = kinds.get(wanted)
    if kind is None:
        near = difflib.get_close_matches(wanted, kinds, n=1, cutoff=0.5)
        return _unsupported(component, f"{mesh.title} has no {wanted}", near[0] if near else "")
    if not is_within(world.version, kind.since, kind.until, ordering=mesh.versions.ordering):
        since = f"since {kind.since}" if kind.since else ""
        until = f"until {kind.until}" if kind.until else ""
        bounds = " ".join(filter(None, (since, until)))
        return _unsupported(
            component, f"{mesh.title} {world.version} does not have {wanted} ({bounds})", ""
        )
    made = native_object(component, world.namespace if kind.is_namespaced else "")
    _, _, namespace, name = key_of(made)
    named = f"{component.kind} {namespace}/{name}" if namespace else f"{component.kind} {name}"
    return ComponentRendering((made,), Outcome(component.name, Fidelity.EXACT, objects=(named,)))


def native_object(component: Component, namespace: str) -> dict[str, Any]:
    """A component in Kubernetes' shape; `namespace` where it says none, empty for none at all."""
    metadata: dict[str, Any] = {"name": component.name}
    if namespace:
        metadata["namespace"] = component.namespace or namespace
    for name in ("labels", "annotations"):
        if found := getattr(component, name):
            metadata[name] = dict(found)
    return {
        "apiVersion": component.api_version,
        "kind": component.kind,
        "metadata": metadata,
        "spec": dict(component.settings),
    }


def _unsupported(component: Component, why: str, alternative: str) -> ComponentRendering:
    outcome = Outcome(component.name, Fidelity.UNSUPPORTED, notes=(why,), alternative=alternative)
    return ComponentRendering((), outcome)
