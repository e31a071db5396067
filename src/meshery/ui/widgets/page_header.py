"""The top of a page: where one is, its name, its state, and the actions at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshery.ui.widgets.html import Tag, tag


@dataclass(frozen=True)
class PageHeader:
    """What a page fills: `state` beside the title, `actions` at the right."""

    state: Tag
    actions: Tag


def page_header(title: str, *, trail: Sequence[tuple[str, str]] = ()) -> PageHeader:
    """Draw the header; `trail` is (word, address) of the pages above this one."""
    with tag("div", classes="page-header"):
        with tag("div", classes="page-title"):
            if trail:
                with tag("nav", classes="trail", aria_label="Path"):
                    for place, (word, href) in enumerate(trail):
                        if place:
                            tag("span", "/", aria_hidden="true")
                        tag("a", word, href=href)
            with tag("div", classes="cluster"):
                tag("h1", title)
                state = tag("div", classes="cluster")
        actions = tag("div", classes="cluster actions")
    return PageHeader(state, actions)
