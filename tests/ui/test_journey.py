"""A person's way through the pages with a real mesh: start, watch, apply, undo, measure, stop."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from fixtures.server import RunningServer, serving
from meshery.client.http import ServerClient
from ui.chromium import SIZES, Browser, browsing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("journey") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as reader:
        reader.size(*SIZES[0])
        reader.dark(False)
        reader.log_in(server.url, server.token)
        yield reader


@contextmanager
def asking(client: ServerClient) -> Iterator[None]:
    """Send requests through the gateway, one after another, until the end of the block."""
    told = threading.Event()

    def ask() -> None:
        while not told.is_set():
            client.post("/api/sandboxes/shop/request", {"service": "web", "path": "/chain"})

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        told.set()
        thread.join()


def pictures(browser: Browser, name: str) -> None:
    for width, height in SIZES:
        browser.size(width, height)
        for mode in ("light", "dark"):
            browser.mode(mode)
            browser.picture(f"usual-{name}-{width}-{mode}")
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), name
    browser.mode("light")
    browser.size(*SIZES[0])


def test_start_a_sandbox(browser: Browser) -> None:
    browser.visit("/sandbox")
    browser.click("Start shop")
    browser.sees("Start a sandbox: shop")
    browser.until("return location.pathname.startsWith('/operations/')")
    browser.sees("succeeded", seconds=60)
    pictures(browser, "operation")
    browser.visit("/sandbox/shop")
    browser.sees("6 of 6", seconds=30)


def test_the_graph_shows_rates_of_real_requests(browser: Browser, server: RunningServer) -> None:
    browser.visit("/sandbox/shop")
    browser.sees("Who calls whom")
    seen = (
        "return [...document.querySelectorAll('.edge-rate')]"
        ".some(e => /[1-9].*\\/s/.test(e.innerText))"
    )
    with server.client() as client, asking(client):
        browser.until(seen)
        pictures(browser, "sandbox")
    browser.visit("/sandbox")
    pictures(browser, "sandboxes")


def test_preview_apply_and_undo_a_canary(browser: Browser) -> None:
    browser.visit("/sandbox/shop")
    browser.click("Preview")
    browser.sees("Nothing is changed yet.")
    browser.sees("created")
    pictures(browser, "preview")
    browser.click("Apply")
    browser.sees("is in effect", seconds=30)
    browser.until("return document.querySelectorAll('.behaviour').length === 1")
    browser.run("document.querySelector('.behaviour summary').click()")
    browser.click("Undo")
    browser.until("return document.querySelectorAll('.behaviour').length === 0", seconds=30)


def test_a_wrong_behaviour_says_what_is_wrong(browser: Browser) -> None:
    browser.visit("/sandbox/shop")
    browser.click("Text")
    script = (
        "const t = document.querySelector('textarea'); t.value = 'kind: splitt';"
        "t.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    browser.run(script)
    time.sleep(0.5)
    browser.click("Preview")
    browser.sees("is missing")
    browser.picture("usual-fault-1440-light")


def test_measure_the_cost_of_a_hop(browser: Browser) -> None:
    browser.visit("/performance/new")
    browser.sees("Cost of the mesh")
    pictures(browser, "new-run")
    browser.run(
        "const f = [...document.querySelectorAll('.q-field')];"
        "const set = (label, value) => { const i = f.find(e => e.innerText.includes(label))"
        ".querySelector('input'); i.value = value; i.dispatchEvent(new Event('input')); };"
        "set('Length', 4); set('Rate of each arm', 100)"
    )
    time.sleep(0.5)
    browser.click("Start")
    browser.until("return location.pathname.startsWith('/performance/runs/')")
    browser.until("return document.querySelector('.chart path') !== null", seconds=60)
    pictures(browser, "run")
    browser.until("return location.pathname.startsWith('/performance/results/')", seconds=90)
    browser.sees("Arms side by side")
    pictures(browser, "result")
    browser.visit("/")
    browser.sees("1 sandbox runs")
    pictures(browser, "dashboard")


def test_stop_it_again(browser: Browser) -> None:
    browser.visit("/sandbox/shop")
    browser.click("More")
    browser.click("Stop the sandbox")
    browser.sees("Stays: results")
    browser.picture("usual-confirm-1440-light")
    browser.click("Stop it")
    browser.sees("succeeded", seconds=60)
    browser.visit("/sandbox")
    browser.sees("No sandbox runs")
    assert browser.asked_hosts() - {urlsplit(browser.base).netloc} == set()
