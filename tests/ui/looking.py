"""What every picture of a page is held to, whatever it shows."""

from urllib.parse import urlsplit

from ui.chromium import SIZES, Browser


def look(browser: Browser, name: str, path: str) -> None:
    """Draw a page in each size and mode; nothing sticks out, nothing else is asked."""
    browser.visit(path)
    browser.until("return [...document.querySelectorAll('.chart')].every(c => c.firstChild)")
    for width, height in SIZES:
        browser.size(width, height)
        for mode in ("light", "dark"):
            browser.mode(mode)
            browser.picture(f"{name}-{width}-{mode}")
            assert browser.run(_SIDEWAYS) is False, f"{name} scrolls sideways at {width}"
            assert browser.run(_WIDE_ICONS) == [], "a name is no icon of the bundled font"
            assert browser.run(_BROKEN_BUTTONS) == [], "a button's words wrap"
    browser.mode("light")
    assert browser.complaints() == []
    assert browser.asked_hosts() - {urlsplit(browser.base).netloc} == set()


_SIDEWAYS = "return document.documentElement.scrollWidth > innerWidth"
_WIDE_ICONS = """return [...document.querySelectorAll('.q-icon')]
  .filter(icon => icon.offsetParent && icon.scrollWidth > icon.clientWidth + 2)
  .map(icon => icon.innerText)"""
_BROKEN_BUTTONS = """return [...document.querySelectorAll('.q-btn.action')]
  .filter(button => button.offsetParent && button.offsetHeight > 40)
  .map(button => button.innerText)"""
