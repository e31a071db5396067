"""The nouns of mesheryctl: a fixed map for ours, entry points for those of plug-ins.

Scanning the entry points of a whole environment takes longer than any of our imports, so it happens
only for a noun that is not ours.
"""

from importlib import import_module

import click

GROUP = "meshery.commands"

BUILT_IN = {
    "demo": ("meshery.demo.commands:demo", "The main job, end to end, on this machine."),
    "system": ("meshery.cli.system:system", "Meshery itself: its server, settings and logs."),
    "sandbox": ("meshery.sandbox.commands:sandbox", "The mesh on this machine."),
    "kubernetes": (
        "meshery.connections.commands:kubernetes",
        "Clusters: connect, list, ping, disconnect.",
    ),
    "discovery": (
        "meshery.discovery.commands:discovery",
        "What is in the clusters: status, resync, resources, watch.",
    ),
    "mesh": ("meshery.discovery.commands_meshes:mesh", "Service meshes: list, view, landscape."),
    "adapter": ("meshery.adapters.commands:adapter", "Adapters of meshes: check, new."),
    "perf": ("meshery.performance.commands:perf", "Load, latency, and what a mesh costs."),
    "operation": ("meshery.operations.commands:operation", "Long work: list, watch, cancel."),
    "event": ("meshery.operations.commands:event", "What happened, and what is happening."),
    "version": ("meshery.cli.version:version", "The version of this program."),
    "completion": ("meshery.cli.completion:completion", "Completion for your shell."),
}
"""Noun to (module:attribute, one line of help), in the order help shows them."""


def load_noun(name: str) -> click.Command | None:
    """The command of a noun; None when nobody brings it."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name][0].partition(":")
        found = getattr(import_module(module), attribute)
    else:
        found = _from_plugin(name)
    if found is not None and not isinstance(found, click.Command):
        raise TypeError(f"{name} of the group {GROUP} is no click command")
    return found


def plugin_nouns() -> list[str]:
    """The nouns that installed plug-ins add."""
    from importlib.metadata import entry_points

    return sorted({entry.name for entry in entry_points(group=GROUP)} - set(BUILT_IN))


def _from_plugin(name: str) -> object:
    from importlib.metadata import entry_points

    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    return entry.load() if entry else None
