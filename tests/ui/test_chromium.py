"""Every page in a real browser, empty and crowded, light and dark, wide and narrow.

With `--pictures` there are pictures in `artifacts/pages`: look at them after a change of the pages.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from discovery.crowd import connected
from fixtures.server import RunningServer, serving
from ui.chromium import SIZES, Browser, browsing
from ui.crowd import fill, identity
from ui.looking import look

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGES = {
    "dashboard": "/",
    "sandboxes": "/sandbox",
    "connections": "/connections",
    "results": "/performance",
    "profiles": "/performance/profiles",
    "new-run": "/performance/new",
    "new-load": "/performance/new?kind=load",
    "compare": "/performance/compare",
    "operations": "/operations",
    "notifications": "/notifications",
    "settings": "/settings",
    "meshes": "/meshes",
    "landscape": "/meshes/landscape",
    "resources": "/resources",
    "changes": "/resources/changes",
}
CROWDED = {
    **PAGES,
    "operation": f"/operations/{identity(2, 3)}",
    "result": f"/performance/results/{identity(1, 0)}",
    "result-degraded": f"/performance/results/{identity(1, 1)}",
    "comparison": f"/performance/compare?base={identity(1, 0)}&other={identity(1, 2)}",
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("empty") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("crowded") / "home") as server:
        asyncio.run(fill(server.home, operations=10_000, events=10_000, results=300))
        with connected(server, objects=10_000, script="main"):
            yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as open_browser:
        yield open_browser


@pytest.fixture
def empty_reader(browser: Browser, empty: RunningServer) -> Browser:
    return _reader(browser, empty)


@pytest.fixture
def crowded_reader(browser: Browser, crowded: RunningServer) -> Browser:
    return _reader(browser, crowded)


def _reader(browser: Browser, server: RunningServer) -> Browser:
    browser.size(*SIZES[0])
    browser.dark(False)
    browser.log_in(server.url, server.token)
    browser.driver.delete_cookie("meshery_theme")
    browser.asked_hosts()
    browser.complaints()
    return browser


@pytest.mark.parametrize("name", PAGES)
def test_empty_page(empty_reader: Browser, name: str) -> None:
    look(empty_reader, f"empty-{name}", PAGES[name])


@pytest.mark.parametrize("name", CROWDED)
def test_crowded_page(crowded_reader: Browser, name: str) -> None:
    look(crowded_reader, f"crowded-{name}", CROWDED[name])


def test_a_mesh_of_a_crowded_cluster(crowded_reader: Browser, crowded: RunningServer) -> None:
    with crowded.client() as client:
        istio = client.get("/api/meshes", search="istio")["items"][0]
    look(crowded_reader, "crowded-mesh", f"/meshes/{istio['id']}")
    crowded_reader.size(*SIZES[0])
    crowded_reader.visit(f"/meshes/{istio['id']}#evidence")
    crowded_reader.until(
        "return Math.abs(document.getElementById('evidence').getBoundingClientRect().top) < 200"
    )
    look(crowded_reader, "crowded-landscape-mesh", "/meshes/landscape?mesh=osm&show=here")


def test_an_object_of_a_crowded_cluster(crowded_reader: Browser, crowded: RunningServer) -> None:
    with crowded.client() as client:
        query = {"kind": "Deployment", "namespace": "mesh-ctl"}
        found = client.get("/api/discovery/resources", **query)["items"][0]
    look(crowded_reader, "crowded-resource", f"/resources/{found['id']}")


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("ten") / "home"
    with serving(home) as server, connected(server, objects=12):
        yield server


@pytest.mark.parametrize("name", ["dashboard", "meshes", "resources", "changes"])
def test_a_page_of_ten_objects(browser: Browser, ten: RunningServer, name: str) -> None:
    look(_reader(browser, ten), f"ten-{name}", PAGES[name])


def test_objects_are_turned_chosen_and_searched_by_the_server(crowded_reader: Browser) -> None:
    browser = crowded_reader
    browser.visit("/resources?kind=Pod&label=app%3Dpayments")
    browser.sees("objects are like that")
    rows = "document.querySelectorAll('.data-table tbody tr')"
    browser.until(f"return {rows}.length === 25")
    assert browser.run(f"return [...{rows}].every(row => row.innerText.includes('payments'))")
    browser.run("document.querySelector('[aria-label=\"Next page\"]').click()")
    browser.sees("26-50 of ")
    field = "document.querySelector('[aria-label=\"Name or namespace\"]')"
    browser.run(f"{field}.focus()")
    browser.press("pod-00008")
    browser.sees("1 object is like that")
    browser.until("return location.search.includes('search=pod-00008')")
    address = browser.run("return location.pathname + location.search")
    browser.visit(address)
    browser.sees("1 object is like that")
    browser.press(Keys.TAB)
    reached = []
    for _ in range(40):
        browser.press(Keys.TAB)
        reached.append(browser.run("return document.activeElement.innerText"))
    assert {"Kind", "Name", "payments-pod-00008"} & {*reached}


def test_an_unknown_address_leads_back(empty_reader: Browser) -> None:
    for path in ("/nowhere", "/sandbox/nobody", "/performance/results/none", "/operations/none"):
        empty_reader.visit(path)
        empty_reader.sees("Go to the dashboard")
    empty_reader.picture("empty-unknown-1440-light")
    empty_reader.complaints()


def test_light_and_dark_are_remembered(empty_reader: Browser) -> None:
    empty_reader.visit("/")
    mode = "return document.documentElement.dataset.theme + document.body.className"
    assert empty_reader.run(mode).startswith("light")
    empty_reader.press("t")
    empty_reader.until(f"return ({mode[7:]}).startsWith('dark')")
    assert "body--dark" in empty_reader.run(mode)
    empty_reader.visit("/settings")
    assert empty_reader.run(mode).startswith("dark")
    assert "body--dark" in empty_reader.run(mode)


def test_keys_reach_search_notices_and_help(crowded_reader: Browser) -> None:
    browser = crowded_reader
    browser.visit("/settings")
    browser.press("/")
    browser.press("run 29")
    browser.sees("shop web → api, run 29")
    browser.picture("crowded-search-1440-light")
    browser.press(Keys.ESCAPE)
    browser.until("return !document.querySelector('.search-hits')?.offsetParent")
    browser.run("document.activeElement.blur()")
    browser.press("?")
    browser.sees("to the next action")
    browser.picture("crowded-keys-1440-light")
    browser.press(Keys.ESCAPE)
    browser.until("return !document.querySelector('.q-dialog')")
    browser.press("n")
    browser.sees("Starting the sandbox shop failed")
    browser.picture("crowded-drawer-1440-light")
    browser.click("Errors")
    browser.until("return !document.querySelector('.drawer .event.info')")


def test_the_first_tab_skips_to_the_content(empty_reader: Browser) -> None:
    empty_reader.visit("/settings")
    empty_reader.press(Keys.TAB)
    focused = "return document.activeElement"
    assert empty_reader.run(f"{focused}.className") == "skip-link"
    assert empty_reader.run(f"return getComputedStyle({focused[7:]}).outlineStyle") == "solid"
    empty_reader.press(Keys.ENTER)
    empty_reader.until(f"{focused}.id === 'content'")


def test_a_long_table_is_turned_ordered_and_searched_by_the_server(crowded_reader: Browser) -> None:
    browser = crowded_reader
    browser.visit("/notifications")
    browser.sees("10,00")  # and those of the cluster that was connected
    assert browser.run("return document.querySelectorAll('.data-table tbody tr').length") == 25
    browser.sees("1-25 of 1000")
    browser.run("document.querySelector('[aria-label=\"Next page\"]').click()")
    browser.sees("26-50 of 1000")
    browser.run("document.querySelector('.data-table th.sortable').click()")
    first = "document.querySelector('.data-table tbody tr').innerText"
    browser.until(f"return {first}.includes('error')")


def test_a_filter_of_operations_keeps_only_those(crowded_reader: Browser) -> None:
    crowded_reader.visit("/operations")
    crowded_reader.click("In trouble")
    crowded_reader.until(
        "return !document.querySelector('.entries').innerText.includes('succeeded')"
    )
    crowded_reader.click("Older")
    crowded_reader.sees("Newer")


def test_a_cookie_is_needed(browser: Browser, empty: RunningServer, tmp_path: Path) -> None:
    del browser
    with browsing(tmp_path) as stranger:
        stranger.driver.get(empty.url + "/")
        assert "Dashboard" not in stranger.text()
