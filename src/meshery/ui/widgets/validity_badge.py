"""Whether a measurement can be trusted: the verdict as a chip, and its reasons in plain words."""

from collections.abc import Sequence

from meshery.ui.widgets.html import tag
from meshery.ui.widgets.status_chip import status_chip

MEANING = {
    "valid": "The injector kept up and the machine was quiet enough: the numbers can be used.",
    "degraded": "The numbers can be used with care: something disturbed the measurement.",
    "invalid": "Do not use these numbers: the measurement itself was disturbed too much.",
}


def validity_badge(verdict: str) -> None:
    """The verdict as icon, word and colour."""
    status_chip(verdict)


def validity_panel(verdict: str, reasons: Sequence[str]) -> None:
    """The verdict with what it means, and each reason."""
    with tag("section", classes=f"validity {verdict}", aria_label="Validity"):
        with tag("div", classes="cluster"):
            status_chip(verdict)
            tag("span", MEANING.get(verdict, "No verdict was given."))
        if reasons:
            with tag("ul"):
                for reason in reasons:
                    tag("li", reason)
