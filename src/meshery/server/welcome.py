"""What the dashboard says where nothing was done yet: the ways to begin."""

from nicegui import ui

from meshery.demo.model import DemoRequest
from meshery.demo.service import DemoService
from meshery.ui.context import PageContext
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.sentence import sentence

_SANDBOX_WORDS = (
    "A mesh on this machine: real Envoy sidecars as local processes, mutual TLS between them. "
    "Apply retries, canaries and faults, and watch what they do."
)
_CLUSTER_WORDS = (
    "From a kubeconfig: its meshes are found by evidence, with versions, coverage and "
    "certificates, and its objects and their changes are followed live."
)
_DEMO_WORDS = (
    "In about 90 seconds: start a sandbox, measure what the mesh adds to each request, and prove "
    "a canary and a fault by requests."
)


def draw_welcome(context: PageContext) -> None:
    """A card for each way, with its first step as a button."""
    sentence(["Nothing runs here yet. These are the ways to begin; two work without a cluster."])
    with tag("div", classes="cards"):
        with _card("hub", "Start the sandbox", _SANDBOX_WORDS):
            link_action("Choose a sandbox", "/sandbox", icon="play_arrow", weight="primary")
        with _card("dns", "Connect a cluster", _CLUSTER_WORDS):
            link_action("Connect a cluster", "/connections", icon="add")
        with _card("speed", "Run the demo", _DEMO_WORDS):
            action("Run the demo", lambda: _run_demo(context), icon="play_arrow")


def _card(icon: str, title: str, words: str) -> Tag:
    with tag("div", classes="card") as card:
        ui.icon(icon).props("aria-hidden=true")
        tag("h2", title)
        tag("p", words)
    return card


async def _run_demo(context: PageContext) -> None:
    operation = await DemoService(context.state).start(DemoRequest(), actor=context.actor)
    ui.navigate.to(f"/operations/{operation.id}")
