"""What objects of one cluster may be chosen by, where several clusters are watched."""

from discovery.test_change_log import CLUSTER, seen, store
from meshery.core.database import Database
from meshery.discovery.facets import KindFacet, facets
from meshery.discovery.ingest.report import store_report
from meshery.discovery.model import KindStatus, Report

GROUPS = ("gateway.networking.k8s.io/v1", "networking.istio.io/v1")


def report(cluster: str, *versions: str) -> Report:
    """One Gateway of each of these versions."""
    kinds = [KindStatus(f"gateways.{each}", each, "Gateway", "watching", 1) for each in versions]
    return Report(cluster, "e1", "2026-11-21T00:00:00Z", "v1", tuple(kinds))


async def test_a_clusters_facets_count_its_own_objects_alone(database: Database) -> None:
    await store(
        database,
        *(seen("mine", 1, kind="Gateway", api_version=each) for each in GROUPS),
        *(seen("its", 2, kind="Gateway", api_version=GROUPS[0], cluster=each) for each in "ab"),
    )
    async with database.write() as connection:
        await store_report(connection, report(CLUSTER, *GROUPS))
        for other in "ab":
            await store_report(connection, report(other, GROUPS[0]))
    mine = tuple(KindFacet("Gateway", 1, each.partition("/")[0]) for each in GROUPS)
    assert (await facets(database, CLUSTER)).kinds == mine
    assert (await facets(database, "a")).kinds == (KindFacet("Gateway", 1),)
    assert [each.objects for each in (await facets(database)).kinds] == [3, 1]
