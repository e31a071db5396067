"""How pages say whether what they show is what is: the watch of each cluster, in a line."""

from collections.abc import Sequence

from meshery.discovery.view import ClusterView
from meshery.ui.format import ago, plural
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.status_chip import status_chip

_CALLED = {"none": "not watched"}


def state_word(each: ClusterView) -> str:
    """The state of a watch as people read it."""
    return _CALLED.get(each.state, each.state)


def is_read(each: ClusterView) -> bool:
    """Whether all kinds of a cluster were listed at least once."""
    return each.state != "none" and bool(each.kinds) and not _unread(each)


def draw_watches(clusters: Sequence[ClusterView]) -> None:
    """A line for each cluster that is not simply watched."""
    for each in clusters:
        if each.state == "watching":
            continue
        with tag("div", classes="cluster"):
            status_chip(state_word(each))
            tag("strong", each.cluster or each.cluster_id)
            tag("span", watch_words(each), "secondary")


def watch_words(each: ClusterView) -> str:
    """What a state means for what is shown."""
    if each.state == "listing":
        there = len(each.kinds) - len(_unread(each))
        return f"{there} of {plural(len(each.kinds), 'kind')} read so far"
    if each.state == "degraded":
        bad = [kind for kind in each.kinds if kind.state in {"forbidden", "failing"}]
        names = ", ".join(kind.kind for kind in bad[:3])
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        return f"not seen: {names}{more}; {bad[0].error}" if bad else ""
    if each.state == "stale":
        return f"its watch last spoke {ago(each.reported_at)}; what is shown may be old"
    if each.state == "none":
        return "its watch has not begun, or the cluster does not answer"
    return f"{plural(each.objects, 'object')}, kept up to date"


def _unread(each: ClusterView) -> list[str]:
    return [kind.kind for kind in each.kinds if kind.synced_at is None and not kind.error]
