"""Debian's Chromium without a window, as a reader: pages, pictures, keys, and what it asked for."""

import json
import os
import shutil
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from meshery.client.http import ServerClient
from ui.pictures import are_kept, keep

_SCHEMES = {"http", "https", "ws", "wss"}
SIZES = ((1440, 900), (1024, 768))
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """One browser; `visit` waits until the page is drawn and alive."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.base = ""

    def log_in(self, url: str, token: str) -> None:
        """Follow a one-time link, as `mesheryctl system dashboard` prints it."""
        self.base = url
        with ServerClient(url, token=token) as client:
            link = client.post("/api/system/logins", {})["url"]
        self.driver.get(link)
        self.wait("main.content")

    def visit(self, path: str) -> None:
        self.driver.get(self.base + path)
        self.wait("main.content .page")
        self.until("return !document.querySelector('.skeleton')")

    def size(self, width: int, height: int) -> None:
        self._emulate(width, height)

    def dark(self, dark: bool) -> None:
        value = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def mode(self, mode: str) -> None:
        """Switch to light or dark, as the button in the top bar does."""
        self.run(f"document.documentElement.dataset.theme === '{mode}' || mesheryTheme()")

    def wait(self, selector: str, *, seconds: float = 15) -> WebElement:
        found: WebElement = WebDriverWait(self.driver, seconds, 0.05).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector),
            f"nothing matches {selector}",
        )
        return found

    def until(self, script: str, *, seconds: float = 15) -> None:
        WebDriverWait(self.driver, seconds, 0.05).until(
            lambda driver: driver.execute_script(script), f"never true: {script}"
        )

    def text(self) -> str:
        return str(self.driver.execute_script("return document.body.innerText"))

    def sees(self, words: str, *, seconds: float = 15) -> None:
        self.until(f"return document.body.innerText.includes({json.dumps(words)})", seconds=seconds)

    def press(self, key: str) -> None:
        self.driver.switch_to.active_element.send_keys(key)

    def click(self, words: str) -> None:
        script = (
            "return [...document.querySelectorAll('button, a, .q-item')]"
            f".find(e => e.offsetParent && e.innerText.trim().endsWith({json.dumps(words)}))"
        )
        self.until(script)
        try:
            self.driver.execute_script(script).click()
        except StaleElementReferenceException:  # drawn anew in between: what is live does that
            self.until(script)
            self.driver.execute_script(script).click()

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def picture(self, name: str) -> None:
        """The whole page, however long, where pictures are kept."""
        if not are_kept():
            return
        width, height = self.run("return [innerWidth, innerHeight]")
        whole = self.run("return document.documentElement.scrollHeight")
        self._emulate(width, min(max(whole, height), 6000))
        time.sleep(0.15)
        # Larger files, in a fraction of the time.
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"optimizeForSpeed": True})
        keep(name, b64decode(shot["data"]))
        self._emulate(width, height)

    def asked_hosts(self) -> set[str]:
        """Every host that was asked for anything since the last call, sockets included."""
        hosts = set()
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            url = message["params"].get("request", {}).get("url") or message["params"].get(
                "url", ""
            )
            # The browser's own start page (chrome:) asks nobody.
            if message["method"].startswith("Network.") and urlsplit(url).scheme in _SCHEMES:
                hosts.add(urlsplit(url).netloc)
        return hosts

    def complaints(self) -> list[str]:
        """What the console said since the last call, at its most severe."""
        return [e["message"] for e in self._log("browser") if e["level"] == "SEVERE"]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return found

    def _emulate(self, width: int, height: int) -> None:
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own until the end of the block."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.fail("no browser: run `apt-get install chromium chromium-driver`", pytrace=False)
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1440,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(chromedriver, log_output=os.devnull)
    driver = Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
