"""Tools beside the meshes: who measures, draws and traces."""

from meshery.discovery.fingerprints.cluster import Cluster, read_cluster
from meshery.discovery.fingerprints.fields import dig, each_mapping, name, number, selects
from meshery.discovery.fingerprints.model import AddOnFound
from meshery.discovery.fingerprints.parts import best_image, version_of
from meshery.discovery.fingerprints.patterns import labels_fit
from meshery.discovery.fingerprints.pods import Workload
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.table import AddOnTable, Fingerprints


def find_addons(snapshot: Snapshot, tables: Fingerprints) -> tuple[AddOnFound, ...]:
    """All add-ons of the cluster, by name and namespace."""
    return addons_in(read_cluster(snapshot), tables)


def addons_in(cluster: Cluster, tables: Fingerprints) -> tuple[AddOnFound, ...]:
    """The same of a cluster that was read already."""
    found = [
        addon
        for table in tables.addons
        for position in cluster.workload_index.candidates([table.images])
        for workload in (cluster.workloads[position],)
        if (addon := _fit(table, workload, cluster, tables.common.flavours))
    ]
    return tuple(sorted(found, key=lambda each: (each.name, each.namespace, each.workload)))


def _fit(
    table: AddOnTable, workload: Workload, cluster: Cluster, flavours: tuple[str, ...]
) -> AddOnFound | None:
    grade, container = best_image(workload.containers, table.images, table.organisations)
    label = labels_fit(workload.labels, table.labels)
    if not container or (grade == "common" and not label):
        return None
    service, port = _service(table, workload, cluster)
    return AddOnFound(
        name=table.name,
        version=version_of(container, dict(workload.labels), cluster, flavours),
        cluster=cluster.snapshot.cluster_name,
        namespace=workload.owner.namespace,
        workload=workload.owner.name,
        ready=workload.ready,
        desired=workload.desired,
        health=workload.health,
        service=service,
        port=port,
    )


def _service(table: AddOnTable, workload: Workload, cluster: Cluster) -> tuple[str, int]:
    """The Service in front of it and its port: a usual one of the tool, else the first."""
    for (home, _), document in sorted(cluster.services.items()):
        selector = dig(document, "spec.selector")
        if home != workload.owner.namespace or not selector:
            continue
        if selects({"matchLabels": selector}, workload.labels):
            ports = [number(p.get("port")) for p in each_mapping(dig(document, "spec.ports"))]
            usual = [port for port in ports if port in table.ports]
            return name(document), next(iter([*usual, *ports]), 0)
    return "", 0
