"""The dashboard of a server where nothing was done yet: each of its ways to begin leads on."""

import time
from collections.abc import Iterator

import pytest

from fixtures.server import RunningServer, serving
from ui.chromium import SIZES, Browser, browsing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("first") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as reader:
        reader.size(*SIZES[0])
        reader.dark(False)
        reader.log_in(server.url, server.token)
        yield reader


@pytest.mark.parametrize(
    ("words", "place", "seen"),
    [
        ("Choose a sandbox", "/sandbox", "No sandbox runs"),
        ("Connect a cluster", "/connections", "No cluster is connected"),
    ],
)
def test_a_card_leads_on(browser: Browser, words: str, place: str, seen: str) -> None:
    browser.visit("/")
    browser.sees("Nothing runs here yet")
    browser.click(words)
    browser.until(f"return location.pathname === '{place}'")
    browser.sees(seen)


def test_the_demo_is_run_by_a_click(browser: Browser, server: RunningServer) -> None:
    browser.visit("/")
    browser.click("Run the demo")
    browser.until("return location.pathname.startsWith('/operations/')")
    browser.sees("Demo")
    browser.sees("Start a sandbox", seconds=60)
    with server.client() as client:
        kinds = {each["kind"] for each in client.get("/api/operations")["items"]}
    assert {"demo.run", "sandbox.up"} <= kinds
    browser.click("Cancel")
    browser.sees("what was stored before")
    time.sleep(0.5)  # the dialog comes to rest
    browser.click("Cancel it")
    browser.sees("cancelled", seconds=90)
    browser.visit("/")
    browser.sees("Last results")
