"""Whether a CNI works as a mesh too: its ConfigMap tells, its presence does not."""

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.parts import Parts
from meshery.discovery.fingerprints.sources import REDACTED
from meshery.discovery.fingerprints.table import MeshTable


def works_as_mesh(table: MeshTable, parts: Parts, cluster: Cluster) -> bool | None:
    """True for every mesh that is no CNI; None where the ConfigMap is not there to be read."""
    rule = table.mesh_when
    if rule is None:
        return True
    homes = {owner.namespace for owner in parts.owners()}
    data = [cluster.data(home, rule.config_map) for home in sorted(homes)]
    values = next((each for each in data if each), {})
    read = {key: value for key, value in values.items() if value != REDACTED}
    if not read:
        return None
    return any(read.get(key) in wanted for key, wanted in rule.switches.items())
