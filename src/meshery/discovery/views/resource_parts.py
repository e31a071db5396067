"""The parts of an object's page: what it is, what it hangs together with, how it came to be so."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from meshery.discovery.view import Change, Related, ResourceView
from meshery.discovery.views.places import resource_href, resources_href
from meshery.ui.format import ago, clock, size
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.diff_block import diff_block
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.status_chip import status_chip

SHOWN_BYTES = 100_000
"""Longer YAML is cut on the page; whole it is to be had from the API."""
_WORDS: Mapping[tuple[str, str], str] = {
    ("owner", "to"): "is owned by",
    ("owner", "from"): "owns",
    ("selector", "to"): "selects",
    ("selector", "from"): "is selected by",
    ("mount", "to"): "uses",
    ("mount", "from"): "is used by",
    ("route", "to"): "routes to",
    ("route", "from"): "is routed to by",
    ("identity", "to"): "runs as",
    ("identity", "from"): "is the identity of",
}
RELATIONS = (
    Column("relation", "Relation", sortable=True),
    Column("kind", "Kind", sortable=True),
    Column("name", "Name", "pair", sortable=True),
    Column("namespace", "Namespace", sortable=True),
)


def relation_rows(relations: Sequence[Related]) -> list[Row]:
    """Rows of the table of relations; what is not there is told as such."""
    return [
        {
            "id": str(place),
            "relation": _WORDS.get((each.type, each.direction), each.type),
            "kind": each.kind,
            "name": [
                each.name,
                resource_href(each.id) if each.id else "",
                "" if each.id else "not there",
                "warn",
            ],
            "namespace": each.namespace or "-",
        }
        for place, each in enumerate(relations)
    ]


def draw_summary(view: ResourceView) -> None:
    """What it is and since when, in one sentence."""
    home = f" in {view.namespace}" if view.namespace else ""
    made = f", created {ago(view.created_at)}" if view.created_at else ""
    changed = [change for change in view.history if change.event == "MODIFIED"]
    many = "once" if len(changed) == 1 else f"{len(changed)} times, last"
    times = f"changed {many} {ago(changed[0].at)}" if changed else ""
    sentence(
        [
            ("strong", view.kind),
            f"{home} of cluster {view.cluster or view.cluster_id}{made}, ",
            f"{times or 'not changed since it is watched'}.",
        ]
    )


def draw_facts(view: ResourceView) -> None:
    """What identifies it, and its labels."""
    facts = {
        "API version": view.api_version,
        "Cluster": view.cluster or view.cluster_id,
        "Namespace": view.namespace or "none: it belongs to the cluster",
        "Created": f"{ago(view.created_at)} ({clock(view.created_at)})" if view.created_at else "",
        "Seen last": clock(view.seen_at),
        "Resource version": view.resource_version,
        "UID": view.uid,
        "Id here": view.id,
        "MeshSync's id": view.meshsync_id,
    }
    with tag("dl", classes="facts"):
        for name, value in facts.items():
            if value:
                tag("dt", name)
                tag("dd", value)
        labels = _labels(view.document)
        if labels:
            tag("dt", "Labels")
            with tag("dd"):
                for key, value in labels.items():
                    text = f"{key}={value}"
                    tag("a", text, "label", href=resources_href(label=text), title=text)


def draw_yaml(view: ResourceView) -> None:
    """The object as it is, to read and to copy."""
    code_block(view.yaml[:SHOWN_BYTES], label="YAML")
    if len(view.yaml) > SHOWN_BYTES:
        href = f"/api/discovery{resource_href(view.id)}"
        with tag("p", classes="secondary"):
            tag("span", f"Cut after {size(SHOWN_BYTES)} of {size(len(view.yaml))}. ")
            tag("a", "The whole object, as JSON", href=href)


def draw_history(history: Sequence[Change]) -> None:
    """Each state, the newest first, with what changed in it."""
    if not history:
        tag(
            "p", "No change is kept: it has been as it is for longer than changes are.", "secondary"
        )
    for place, change in enumerate(history):
        before = history[place + 1] if place + 1 < len(history) else None
        _draw_change(change, before)


def _draw_change(change: Change, before: Change | None) -> None:
    with tag("details", classes="behaviour"):
        with tag("summary"):
            status_chip(change.event.lower())
            tag("time", ago(change.at), title=clock(change.at))
            tag("span", clock(change.at), "secondary")
            tag("span", f"version {change.resource_version}", "secondary")
        with tag("div"):
            if change.document is None:
                tag("p", "What it was then is not kept.", "secondary")
            elif before is None or before.document is None:
                code_block(_text(change.document), label="What was written")
            else:
                label = "What changed"
                diff_block(_text(before.document), _text(change.document), label=label)


def _text(document: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    return text[:SHOWN_BYTES]


def _labels(document: Mapping[str, Any]) -> Mapping[str, str]:
    labels: Mapping[str, str] = (document.get("metadata") or {}).get("labels") or {}
    return labels
