"""What the data planes of one instance of a mesh are told from."""

from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.injection import Injector, Wanted
from meshery.discovery.fingerprints.parts import AgentFound
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.planes import PlaneFound
from meshery.discovery.fingerprints.pods import Pod
from meshery.discovery.fingerprints.proxies import RUNNING, Carried
from meshery.discovery.fingerprints.table import CommonTable, MeshTable


@dataclass(frozen=True, slots=True)
class View:
    """One instance in its cluster.

    `others` are the candidates without proxy. A mesh that `captures_nodes` carries by the proxies
    of nodes all pods there.
    """

    table: MeshTable
    common: CommonTable
    cluster: Cluster
    planes: tuple[PlaneFound, ...]
    carried: tuple[Carried, ...]
    agents: tuple[AgentFound, ...]
    others: tuple[tuple[Pod, Wanted | None], ...]
    injector: Injector
    captures_nodes: bool = False

    @property
    def homes(self) -> frozenset[str]:
        """The namespaces of the mesh's own parts."""
        agents = {each.workload.owner.namespace for each in self.agents}
        return frozenset(agents | {each.plane.namespace for each in self.planes})


def is_candidate(pod: Pod, common: CommonTable) -> bool:
    """A running pod outside the platform's own namespaces."""
    return pod.phase == RUNNING and not fits(pod.namespace, common.system_namespaces)
