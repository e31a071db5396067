"""The landscape: every mesh there is or was, what each supports, and what of it runs here."""

from collections import Counter
from collections.abc import Sequence

from nicegui import ui

from meshery.discovery.inventory import MeshInventory
from meshery.discovery.landscape import FEATURES, Standing, Support
from meshery.discovery.meshes import LandscapeItem
from meshery.discovery.views.landscape_parts import LOOKS, draw_entry
from meshery.discovery.views.places import LANDSCAPE, MESHES
from meshery.ui.address import address, show_address
from meshery.ui.context import PageContext
from meshery.ui.format import plural
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.panel import panel
from meshery.ui.widgets.segments import segments
from meshery.ui.widgets.sentence import Part, sentence

_SHOWN = {"": "All", "active": "Active", "ended": "Not active", "here": "Found here"}


async def draw_landscape(context: PageContext) -> None:
    """All of it; `?mesh=NAME` opens one, `?show=` chooses which are listed."""
    page_header("Landscape", trail=[("Meshes", MESHES)])
    items = await MeshInventory(context.state).landscape()
    wanted = context.query.get("mesh", "")
    sentence(_summary(items))
    with panel(
        "What they support",
        "Each sign tells its note, source and day; the sections below tell all of them.",
    ):
        _draw_matrix(items)
        _draw_legend()

    def choose(shown: str) -> None:
        show_address(address(LANDSCAPE, {"show": shown}))
        fill(shown)

    show = context.query.get("show", "")
    segments(_SHOWN, show if show in _SHOWN else "", choose)
    place: Tag = tag("div", classes="stack tight")

    def fill(shown: str) -> None:
        place.clear()
        with place:
            chosen = [each for each in items if _is_shown(each, shown)]
            for each in chosen:
                draw_entry(each, is_open=each.mesh == wanted)
            if not chosen:
                tag("p", "None of them runs in the connected clusters.", "secondary nothing")

    fill(show)


def _is_shown(item: LandscapeItem, shown: str) -> bool:
    if shown == "here":
        return bool(item.found or item.leftovers)
    is_active = item.standing is Standing.ACTIVE
    return {"active": is_active, "ended": not is_active}.get(shown, True)


def _summary(items: Sequence[LandscapeItem]) -> list[Part]:
    counts = Counter(each.standing for each in items)
    gone = sum(counts[standing] for standing in (Standing.ARCHIVED, Standing.ENDED))
    here = sum(bool(each.found) for each in items)
    return [
        ("strong", f"{counts[Standing.ACTIVE]} of {plural(len(items), 'mesh', 'meshes')}"),
        " are active; ",
        ("strong", str(gone)),
        " ended or were archived and come with advice. ",
        ("strong", str(here) if here else "None"),
        " of them " + ("runs" if here == 1 or not here else "run"),
        " in the connected clusters.",
    ]


def _draw_matrix(items: Sequence[LandscapeItem]) -> None:
    with (
        tag("div", classes="table-scroll"),
        tag("table", classes="plain matrix", aria_label="What the meshes support"),
    ):
        with tag("thead"), tag("tr"):
            tag("th", "", scope="col", aria_label="Feature")
            for item in items:
                is_active = item.standing is Standing.ACTIVE
                with tag("th", classes="" if is_active else "past", scope="col"):
                    words = item.title if is_active else f"{item.title}: {item.standing.value}"
                    tag("a", item.title.partition(" (")[0], href=f"#{item.mesh}", title=words)
        with tag("tbody"):
            for place, feature in enumerate(FEATURES):
                with tag("tr"):
                    tag("th", FEATURES[feature], scope="row")
                    for item in items:
                        _draw_sign(item, place)


def _draw_sign(item: LandscapeItem, place: int) -> None:
    fact = item.supports[place]
    tone, icon, word = LOOKS[fact.support]
    note = f", {fact.note}" if fact.note else ""
    with tag("td", title=f"{item.title}: {word}{note} ({fact.source}, {fact.as_of})"):
        ui.icon(icon).classes(f"tone {tone}").props["aria-label"] = word


def _draw_legend() -> None:
    with tag("div", classes="cluster legend"):
        for support in Support:
            tone, icon, word = LOOKS[support]
            with tag("span", classes="cluster secondary"):
                ui.icon(icon).classes(f"tone {tone}").props("aria-hidden=true")
                tag("span", word)
