"""The whole of a sandbox as the files of its sidecars.

Secrets come separately: they are no part of the world, and never change with a behaviour.
"""

import msgspec

from meshery.behaviours.model import Fidelity
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.bootstrap import render_bootstrap
from meshery.sandbox.render.clusters import render_clusters
from meshery.sandbox.render.fidelity import judge
from meshery.sandbox.render.gateway import render_gateway
from meshery.sandbox.render.inbound import render_inbound
from meshery.sandbox.render.names import (
    ALLOW,
    CLUSTER_TYPE,
    CLUSTERS,
    DENY,
    INBOUND,
    NETWORK,
    OUTBOUND,
    Json,
    discovery_file,
)
from meshery.sandbox.render.outbound import render_outbound
from meshery.sandbox.render.policies import render_allow, render_deny, render_network

_SECRET_WATCHES = 2  # identity and trust


class SidecarConfig(msgspec.Struct, frozen=True):
    """A sidecar's configuration: its bootstrap, fixed for its life, and the files that change."""

    bootstrap: Json
    files: dict[str, Json]


def render_world(world: World) -> dict[str, SidecarConfig]:
    """The configuration of every sidecar, by the name of its instance.

    Behaviours that are unsupported here are left out, as `render_behaviour` tells.
    """
    kept = tuple(each for each in world.behaviours if judge(world, each)[0] != Fidelity.UNSUPPORTED)
    possible = msgspec.structs.replace(world, behaviours=kept)
    return {each.name: _render_sidecar(possible, each) for each in world.instances}


def inotify_needed(world: World) -> int:
    """How many inotify instances the sidecars take: one for each subscription to a file."""
    return sum(len(sidecar.files) + _SECRET_WATCHES for sidecar in render_world(world).values())


def _render_sidecar(world: World, instance: Instance) -> SidecarConfig:
    files = {CLUSTERS: discovery_file(CLUSTER_TYPE, render_clusters(world, instance))}
    if instance.outbound_port:
        files[OUTBOUND] = render_outbound(world, instance)
    if instance.role != "client":
        files[DENY] = render_deny(world, instance)
        files[ALLOW] = render_allow(world, instance)
    if instance.role == "gateway":
        files[INBOUND] = render_gateway(world, instance)
    elif instance.role == "app":
        files[INBOUND] = render_inbound(world, instance)
        files[NETWORK] = render_network(world, instance)
    return SidecarConfig(render_bootstrap(world, instance), files)
