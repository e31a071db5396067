"""The head that the list of objects and the feed of their changes share."""

from meshery.discovery.views.places import CHANGES, RESOURCES
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.page_header import PageHeader, page_header

_TABS = (("Objects", RESOURCES), ("Changes", CHANGES))


def draw_head(here: str) -> PageHeader:
    """Title and tabs; `here` is the address of the tab that is open."""
    header = page_header("Resources")
    with tag("nav", classes="tabs", aria_label="Resources"):
        for name, href in _TABS:
            link = tag("a", name, "tab here" if href == here else "tab", href=href)
            if href == here:
                link.props["aria-current"] = "page"
    return header


def draw_no_cluster() -> None:
    """What stands there before any cluster is connected."""
    with empty_state(
        "No cluster is connected",
        "Connect one, and its objects are here as they come, change and go; values of Secrets "
        "never leave it.",
        icon="dns",
        command="mesheryctl kubernetes connect",
    ):
        link_action("Connect a cluster", "/connections", icon="add", weight="primary")
