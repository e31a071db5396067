"""The pages of connections, read by a simulated user over a real cluster."""

from nicegui import ui
from nicegui.testing.user import User

from connections.kubeconfigs import access_of, hostile, merged, nowhere, program, text_of
from meshery.connections.pages import PAGES
from meshery.connections.service import ConnectionService
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from ui.conftest import reading


def paste(user: User, text: str) -> None:
    (field,) = user.find(ui.textarea).elements
    field.set_value(text)
    user.find("Show its contexts").click()


async def test_a_pasted_kubeconfig_is_looked_at_then_connected(
    single: Platform, kube: ControlPlane
) -> None:
    async with reading(PAGES, state=single) as user:
        await user.open("/connections")
        await user.should_see("No cluster is connected")
        await user.should_see("mesheryctl kubernetes connect")
        paste(user, text_of(access_of(kube, name="mine"), nowhere()))
        await user.should_see("Connect the chosen ones")
        await user.should_see("mine")
        assert await ConnectionService(single).all() == []
        (field,) = user.find(ui.textarea).elements
        user.find("Connect the chosen ones").click()
        await user.should_see("unreachable", retries=100)
        assert field.value == ""
        await user.should_not_see("No cluster is connected")
    assert {each.name for each in await ConnectionService(single).all()} == {"mine", "away"}


async def test_what_is_refused_is_shown_before_anything_is_sent(single: Platform) -> None:
    async with reading(PAGES, state=single) as user:
        await user.open("/connections")
        paste(user, merged(hostile("runs", program("my-login"))))
        await user.should_see("my-login")
        await user.should_see("ServiceAccount")
        await user.should_not_see("Connect it")
        paste(user, "a: [")
        await user.should_see("is not valid YAML")
        paste(user, "")
        await user.should_see("no contexts")


async def test_a_connection_is_tested_and_disconnected(
    single: Platform, kube: ControlPlane
) -> None:
    service = ConnectionService(single)
    (outcome,) = await service.connect(text_of(access_of(kube, name="mine")), actor="ann")
    assert outcome.connection is not None
    async with reading(PAGES, state=single) as user:
        await user.open(f"/connections/{outcome.connection.id}")
        await user.should_see("reachable")
        await user.should_see(outcome.connection.cluster_id)
        await user.should_see(kube.url)
        user.find("Test").click()
        await user.should_see("mine is reachable", retries=50)
        user.find("Disconnect").click()
        await user.should_see("the cluster and everything in it")
        user.find("Keep").click()
        assert len(await service.all()) == 1
        user.find("Disconnect").click()
        await user.should_see("Disconnect it")
        user.find("Disconnect it").click()
        await user.should_see("No cluster is connected", retries=50)
    assert await service.all() == []


async def test_a_connection_that_is_not_there(single: Platform) -> None:
    async with reading(PAGES, state=single) as user:
        answer = await user.http_client.get("/connections/none")
    assert answer.status_code == 404
    assert "no connection" in answer.text


async def test_the_top_bar_and_the_search_know_clusters(single: Platform) -> None:
    service = ConnectionService(single)
    await service.connect(text_of(*(nowhere(f"cluster-{n}") for n in range(6))), actor="ann")
    page = PAGES[0]
    assert page.chips is not None
    assert page.search is not None
    chips = await page.chips(single)
    assert [chip.label for chip in chips[-2:]] == ["cluster: cluster-2", "3 more clusters"]
    assert chips[0].words == "unreachable"
    (hit,) = await page.search(single, "ster-4")
    assert hit.label == "cluster-4"
    assert hit.href.startswith("/connections/")


async def test_the_operator_is_a_switch(single: Platform, kube: ControlPlane) -> None:
    service = ConnectionService(single)
    (outcome,) = await service.connect(text_of(access_of(kube, name="mine")), actor="ann")
    assert outcome.connection is not None
    place = f"/connections/{outcome.connection.id}"
    async with reading(PAGES, state=single) as user:
        await user.open(place)
        await user.should_see("This server watches")
        await user.should_see("Deploy the operator")
        await service.set_operator(outcome.connection.id, "meshery")
        await user.open(place)
        await user.should_see("in namespace meshery")
        user.find("Remove the operator").click()
        await user.should_see("the connection; this server watches again")
        user.find("Keep").click()
        user.find("Disconnect and leave it").click()
        await user.should_see("everything in it, our operator too")
        user.find("Leave it there").click()
        await user.should_see("No cluster is connected", retries=50)
    assert await service.all() == []
