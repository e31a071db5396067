"""One mesh of the landscape: each fact with the day it was true and who says so."""

from nicegui import ui

from meshery.discovery.landscape import FEATURES, Fact, FeatureFact, Standing, Support
from meshery.discovery.meshes import LandscapeItem
from meshery.discovery.views.places import mesh_href
from meshery.ui.format import plural
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.panel import panels
from meshery.ui.widgets.status_chip import status_chip

LOOKS: dict[Support, tuple[str, str, str]] = {
    Support.YES: ("ok", "check", "yes"),
    Support.PARTIAL: ("warn", "timelapse", "in part"),
    Support.NO: ("quiet", "remove", "no"),
    Support.UNKNOWN: ("quiet", "question_mark", "not confirmed"),
}
"""Tone, icon and word of how far a feature is supported."""


def draw_entry(item: LandscapeItem, *, is_open: bool) -> None:
    """A section that folds; its title says how the mesh stands and where it runs here."""
    with tag("details", classes="panel fold", id=item.mesh) as section:
        if is_open:
            section.props["open"] = ""
        with tag("summary"):
            ui.icon("chevron_right").props("aria-hidden=true")
            tag("h2", item.title, "panel-title")
            status_chip(item.standing.value)
            if item.found:
                here = plural(len({each.cluster for each in item.found}), "cluster")
                status_chip("found", tone="accent", icon="place", label=f"found in {here}")
            if item.leftovers:
                status_chip("left", tone="warn", icon="cleaning_services", label="left behind")
            tag("span", item.state.text, "secondary summary-words")
        with tag("div", classes="fold-body stack"):
            _draw_body(item)


def _draw_body(item: LandscapeItem) -> None:
    if item.advice:
        tone = "degraded" if item.standing is not Standing.ACTIVE else ""
        with tag("section", classes=f"validity {tone}".strip(), aria_label="Advice"):
            _draw_fact(item.advice)
    _draw_here(item)
    with panels("top"):
        with tag("div", classes="stack tight"):
            tag("h3", "State", "panel-title")
            _draw_fact(item.state)
            tag("h3", "Strengths", "panel-title")
            with tag("ul", classes="stack tight"):
                for strength in item.strengths:
                    with tag("li"):
                        _draw_fact(strength)
            for title, fact in (
                ("Release", item.version),
                ("Upgrade", item.upgrade),
                ("Removal", item.uninstall),
            ):
                if fact:
                    tag("h3", title, "panel-title")
                    _draw_fact(fact)
        with tag("div", classes="stack tight"):
            tag("h3", "What it supports", "panel-title")
            with tag("ul", classes="features"):
                for each in item.supports:
                    _draw_feature(each)
            told = item.supports[0]
            tag("p", f"{told.source}, {told.as_of}", "secondary")


def _draw_fact(fact: Fact) -> None:
    with tag("div", classes="fact-said"):
        tag("p", fact.text)
        with tag("p", classes="cell-note"):
            tag("span", f"{fact.as_of}, ")
            if fact.url:
                tag("a", fact.source, href=fact.url, rel="noopener noreferrer", target="_blank")
            else:
                tag("span", fact.source)


def _draw_feature(each: FeatureFact) -> None:
    tone, icon, word = LOOKS[each.support]
    with tag("li", classes="feature", title=f"{each.source}, {each.as_of}"):
        ui.icon(icon).classes(f"tone {tone}").props("aria-hidden=true")
        with tag("span", classes="entry-words"):
            tag("span", FEATURES[each.feature])
            tag("span", f"{word}: {each.note}" if each.note else word, "secondary")


def _draw_here(item: LandscapeItem) -> None:
    with tag("div", classes="stack tight"):
        tag("h3", "Found here", "panel-title")
        for each in item.found:
            with tag("div", classes="cluster"):
                tag("a", each.name, href=mesh_href(each.id))
                status_chip(each.state)
                words = f"{each.version}, {plural(each.proxies, 'proxy', 'proxies')}"
                tag("span", words, "secondary")
        for left in item.leftovers:
            names = ", ".join(left.objects[:4])
            more = f" and {len(left.objects) - 4} more" if len(left.objects) > 4 else ""
            words = f"{left.cluster}: left behind, {left.type}: {names}{more}"
            tag("p", words, "secondary")
        if not item.found and not item.leftovers:
            tag("p", "Not in the connected clusters.", "secondary")
