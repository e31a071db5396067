"""What of a mesh runs on nodes: its agents, the proxies among them, and the pods they carry.

A CNI that works as a mesh carries every pod on a node where its proxy runs: one of its own, or one
inside its agent. A CNI that does not carries none.
"""

from collections.abc import Iterable

from meshery.discovery.fingerprints.model import NodeAgent
from meshery.discovery.fingerprints.parts import AgentFound, version_of
from meshery.discovery.fingerprints.proxies import Carried
from meshery.discovery.fingerprints.view import View


def node_agents(view: View) -> tuple[NodeAgent, ...]:
    """All agents, in the order of `view.agents`."""
    return tuple(
        NodeAgent(
            name=found.workload.owner.name,
            namespace=found.workload.owner.namespace,
            role=_role(found, view),
            version=_version(found, view),
            ready=found.workload.ready,
            desired=found.workload.desired,
        )
        for found in view.agents
    )


def release(found: AgentFound, view: View) -> str:
    """The version that an agent's proxies count under: its own, or that of the agent it names."""
    home = found.workload.owner.namespace
    for each in view.agents:
        if each.agent.name == found.agent.release_of and each.workload.owner.namespace == home:
            return _version(each, view)
    return _version(found, view)


def captured(view: View) -> tuple[Carried, ...]:
    """The pods without proxy of their own that their node's carries, where all of a node are."""
    if not view.captures_nodes:
        return ()
    proxies = {each.workload.owner for each in view.agents if _role(each, view) == "proxy"}
    pods, homes = view.cluster.pods, view.homes
    nodes = {pod.node for pod in pods if pod.owner in proxies and pod.ready and pod.node}
    return tuple(
        Carried(pod, "ambient", None)
        for pod, _ in view.others
        if pod.node in nodes and not pod.host_network and pod.namespace not in homes
    )


def _role(found: AgentFound, view: View) -> str:
    role = found.agent.role
    if view.table.mesh_when is None:
        return role
    if not view.captures_nodes:
        return "agent" if role == "proxy" else role
    return "proxy" if role == "cni" and not _has_proxy(view.agents) else role


def _has_proxy(agents: Iterable[AgentFound]) -> bool:
    return any(each.agent.role == "proxy" for each in agents)


def _version(found: AgentFound, view: View) -> str:
    labels = dict(found.workload.labels)
    return version_of(found.container, labels, view.cluster, view.common.flavours)
