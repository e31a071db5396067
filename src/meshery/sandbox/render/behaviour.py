"""One behaviour as this mesh renders it: what changes in which sidecar, how exactly, and notes."""

import msgspec

from meshery.behaviours.model import Behaviour, Fidelity, Rendered
from meshery.sandbox.model import World
from meshery.sandbox.render.fidelity import judge
from meshery.sandbox.render.names import Json
from meshery.sandbox.render.world import SidecarConfig, render_world


def render_behaviour(world: World, behaviour: Behaviour) -> Rendered:
    """What a behaviour becomes in a world, whether it is in it already or not.

    Each object is one file of one sidecar that differs with it: `sidecar`, `file`, and the
    resources that are new or changed. An unsupported behaviour has no objects.
    """
    without = tuple(each for each in world.behaviours if each.name != behaviour.name)
    before = msgspec.structs.replace(world, behaviours=without)
    present = behaviour in world.behaviours
    after = world if present else msgspec.structs.replace(world, behaviours=(*without, behaviour))
    fidelity, notes = judge(after, behaviour)
    if fidelity is Fidelity.UNSUPPORTED:
        return Rendered((), fidelity, notes)
    objects = tuple(_changes(render_world(before), render_world(after)))
    return Rendered(objects, fidelity, notes)


def _changes(before: dict[str, SidecarConfig], after: dict[str, SidecarConfig]) -> list[Json]:
    found = []
    for sidecar, config in after.items():
        for name, file in config.files.items():
            old = before[sidecar].files.get(name, {})
            if old.get("version_info") == file["version_info"]:
                continue
            known = old.get("resources", [])
            changed = [each for each in file["resources"] if each not in known]
            found.append({"sidecar": sidecar, "file": name, "resources": changed})
    return found
