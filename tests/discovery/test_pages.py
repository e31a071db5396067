"""The pages of discovery, read by a simulated user over stored clusters."""

from collections.abc import AsyncIterator, Iterator

import pytest
from nicegui import ui
from nicegui.testing.user import User

from connections.kubeconfigs import text_of
from discovery.crowd import API_ANSWERS, NAME, change, fill, report
from fixtures.loopback import LoopbackServer, answering
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.connections.service import ConnectionService
from meshery.core.page import PageQuery
from meshery.core.settings import Settings
from meshery.discovery.change import ChangeFilter
from meshery.discovery.change_log import ChangeLog
from meshery.discovery.feed import change_feed
from meshery.discovery.filter import ResourceFilter
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.landscape import landscape_entry
from meshery.discovery.pages import PAGES
from meshery.discovery.service import DiscoveryService
from meshery.kube.access import Access, Credentials
from meshery.operations.platform import Platform, open_platform
from operations.support import quick
from ui.conftest import reading

LATE = 100
"""Looks at a page whose content comes after its frame."""


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


@pytest.fixture
def api() -> Iterator[LoopbackServer]:
    with answering() as server:
        for path, body in API_ANSWERS.items():
            server.says(path, 200, body)
        yield server


@pytest.fixture
async def connected(platform: Platform, api: LoopbackServer) -> None:
    access = Access(name=NAME, server=api.url, credentials=Credentials(token="t"))
    (outcome,) = await ConnectionService(platform).connect(text_of(access), actor="test")
    assert outcome.outcome == "connected"


@pytest.fixture
async def stored(platform: Platform, connected: None) -> None:
    await fill(platform.database, objects=60, script="main")


async def identity(platform: Platform, kind: str, name: str) -> str:
    query = PageQuery(order="name", search=name)
    page = await DiscoveryService(platform).resources(query, only=ResourceFilter(kind=kind))
    return page.items[0].id


async def _has_rows(user: User, count: int) -> bool:
    return [len(rows) for rows in rows_of(user)] == [count]


def rows_of(user: User) -> list[list[dict[str, object]]]:
    return [table.rows for table in user.find(ui.table).elements if table.visible]


def names_of(user: User) -> list[object]:
    (rows,) = rows_of(user)
    return [row["name"][0] for row in rows]  # type: ignore[index]


async def test_without_a_cluster_each_page_says_the_next_step(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        for path in ("/meshes", "/resources", "/resources/changes"):
            await user.open(path)
            await user.should_see("No cluster is connected")
            await user.should_see("mesheryctl kubernetes connect")
        await user.open("/meshes/landscape")
        await user.should_see("Linkerd")
        await user.should_see("Not in the connected clusters.")


@pytest.mark.usefixtures("connected")
async def test_a_page_says_nothing_false_while_a_cluster_is_read(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        await user.open("/meshes")
        await user.should_see("The clusters are being read")
        await user.should_not_see("No mesh is found in")
        await user.open("/resources")
        await user.should_see("Nothing is read of the clusters so far")
        await report(platform.database, [])
        await fill(platform.database, objects=10)
        await user.open("/meshes")
        await user.should_see("No mesh is found in 1 cluster")
        await user.open("/resources")
        await user.should_see("8 objects of 4 kinds in prod-eu")


@pytest.mark.usefixtures("stored")
async def test_the_inventory_names_what_each_mesh_needs(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        await user.open("/meshes")
        await user.should_see("4 meshes", retries=LATE)
        await user.should_see("Skewed proxies")
        (rows,) = rows_of(user)
        (istio,) = [row for row in rows if row["mesh"][0] == "Istio"]  # type: ignore[index]
        assert istio["coverage"][1] == "52 of 54"  # type: ignore[index]
        assert istio["next"][0] == "Restart 2 proxies of another version"  # type: ignore[index]
        assert istio["certificate"][2] == "2027-01-12"  # type: ignore[index]
        answer = await user.http_client.get("/meshes?cluster=elsewhere")
    assert answer.status_code == 404
    assert "mesheryctl kubernetes list" in answer.text


@pytest.mark.usefixtures("stored")
async def test_a_mesh_tells_why_pods_have_no_proxy_and_what_proves_it(platform: Platform) -> None:
    mesh = await MeshInventory(platform).mesh("istio")
    async with reading(PAGES, state=platform) as user:
        await user.open(f"/meshes/{mesh.id}")
        for words in ("istiod-1-29-4", "corp-west-1", "Pods without proxy", "kiali"):
            await user.should_see(words, retries=LATE)
        reasons = {
            row["reason"][0]  # type: ignore[index]
            for rows in rows_of(user)
            for row in rows
            if "reason" in row
        }
        assert {"created before label", "host network"} <= reasons
        answer = await user.http_client.get("/meshes/none")
    assert answer.status_code == 404
    assert "is not found in the connected clusters" in answer.text


@pytest.mark.usefixtures("stored")
async def test_objects_are_chosen_by_address(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        await user.open("/resources?kind=Service&label=app%3Dcheckout,tier%3Dweb")
        await user.should_see("objects are like that")
        assert names_of(user)
        assert all("checkout-service" in str(name) for name in names_of(user))
        await user.open("/resources?search=ISTIOD-1-29&kind=Deployment")
        assert names_of(user) == ["istiod-1-29-4"]
        await user.open("/resources?label=%3Dweb")
        await user.should_see("is no label")
        await user.should_see("key=value")


@pytest.mark.usefixtures("stored")
async def test_an_object_shows_what_it_hangs_together_with(platform: Platform) -> None:
    pod = await identity(platform, "Pod", "istiod-1-29-4")
    async with reading(PAGES, state=platform) as user:
        await user.open(f"/resources/{pod}")
        await user.should_see("Relations")
        (rows,) = rows_of(user)
        told = {(row["relation"], row["kind"]) for row in rows}
        assert {
            ("is owned by", "ReplicaSet"),
            ("runs as", "ServiceAccount"),
            ("is selected by", "Service"),
        } <= told
        await user.should_see("istiod-1-29-4")
        await user.should_see("kind: Pod")


@pytest.mark.usefixtures("stored")
async def test_an_object_that_is_gone_still_has_its_history(platform: Platform) -> None:
    (gone, *_) = await ChangeLog(platform.database).read(ChangeFilter(event="DELETED"))
    async with reading(PAGES, state=platform) as user:
        await user.open(f"/resources/{gone.object_id}")
        await user.should_see("It is gone since")
        await user.should_see("deleted")
        answer = await user.http_client.get("/resources/none")
    assert answer.status_code == 404


@pytest.mark.usefixtures("stored")
async def test_the_feed_is_filtered_and_pages_back(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        await user.open("/resources/changes")
        (rows,) = rows_of(user)
        assert len(rows) == 50
        assert rows[0]["event"] == "deleted"
        changed = [row for row in rows if row["event"] == "modified"]
        assert any("spec" in str(row["fields"]) for row in changed)
        user.find("Show earlier ones").click()
        await until(lambda: _has_rows(user, 100), timeout_s=10, what="the rows before")
        await user.open("/resources/changes?event=modified&kind=Service")
        assert {row["event"] for row in rows_of(user)[0]} == {"modified"}
        await user.open("/resources/changes?event=modified&kind=Service.")
        assert rows_of(user)[0]
        await user.open("/resources/changes?event=modified&kind=Service.serving.knative.dev")
        assert rows_of(user) == [[]]
        await user.open("/resources/changes?event=painted")
        assert len(rows_of(user)[0]) == 50


@pytest.mark.usefixtures("stored")
async def test_the_feed_counts_all_that_came_since_its_address(platform: Platform) -> None:
    after = await change_feed(platform).newest() - 70
    async with reading(PAGES, state=platform) as user:
        await user.open(f"/resources/changes?after={after}")
        await user.should_see("70 changes since you came here")
        await change(platform.database, 0, 1, version=2)
        await user.should_see("72 changes since you came here", retries=LATE)


@pytest.mark.usefixtures("connected")
async def test_the_feed_offers_earlier_ones_while_there_are_some(platform: Platform) -> None:
    await fill(platform.database, objects=40)
    async with reading(PAGES, state=platform) as user:
        await user.open("/resources/changes")
        user.find("Show earlier ones").click()
        await until(lambda: _has_rows(user, 61), timeout_s=10, what="the rows before")
        await user.should_not_see("Show earlier ones")
        await change(platform.database, 0, version=2)
        await until(lambda: _has_rows(user, 62), timeout_s=10, what="what came")
        await user.should_not_see("Show earlier ones")


@pytest.mark.usefixtures("stored")
async def test_what_is_chosen_during_a_pause_came_before_it(platform: Platform) -> None:
    last = await change_feed(platform).newest()
    async with reading(PAGES, state=platform) as user:
        await user.open("/resources/changes")
        user.find("Pause").click()
        await user.should_see("0 changes wait")
        await change(platform.database, 0, 1, version=2)
        await user.should_see("2 changes wait", retries=LATE)
        (events,) = user.find(ui.toggle).elements
        events.set_value("MODIFIED")

        async def is_chosen() -> bool:
            return {row["event"] for row in rows_of(user)[0]} == {"modified"}

        await until(is_chosen, what="the changes that were chosen")
        assert rows_of(user)[0][0]["id"] <= last  # type: ignore[operator]
        await user.should_see("2 changes wait")
        user.find("Resume").click()
        await user.should_see("2 changes since you came here")
        assert [row["id"] for row in rows_of(user)[0][:2]] == [last + 2, last + 1]


@pytest.mark.usefixtures("stored")
async def test_the_landscape_dates_each_fact_and_marks_what_runs_here(platform: Platform) -> None:
    async with reading(PAGES, state=platform) as user:
        await user.open("/meshes/landscape?mesh=osm")
        for words in (" of 13 meshes", "Uninstall it.", "2023-05-04, ", "found in 1 cluster"):
            await user.should_see(words, retries=LATE)
        await user.open("/meshes/landscape?show=here")
        await user.should_see(f"{NAME}/linkerd")
        await user.should_not_see(landscape_entry("octarine").state.text)


@pytest.mark.usefixtures("stored")
async def test_the_search_finds_meshes_objects_and_the_landscape(platform: Platform) -> None:
    found = [hit for page in PAGES if page.search for hit in await page.search(platform, "kuma")]
    kinds = {hit.kind: hit.href for hit in found}
    assert kinds["landscape"] == "/meshes/landscape?mesh=kuma#kuma"
    assert kinds["mesh"].startswith("/meshes/")
    assert any(href.startswith("/resources/") for href in kinds.values())
