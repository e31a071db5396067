"""What stands in a page's place while its data is on the way; it claims nothing."""

from meshery.ui.widgets.html import Tag, tag


def skeleton() -> Tag:
    """Grey shapes of a title, tiles and a panel, announced as busy."""
    with tag("div", classes="skeleton", aria_busy="true", role="status") as whole:
        tag("span", "Loading", "unseen")
        tag("div", classes="bone title")
        with tag("div", classes="tiles"):
            for _ in range(4):
                tag("div", classes="bone tile-bone")
        tag("div", classes="bone panel-bone")
    return whole
