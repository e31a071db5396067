"""A state as icon, word and colour together, never colour alone."""

from typing import Literal

from nicegui import ui

from meshery.ui.widgets.html import Tag, tag

Tone = Literal["ok", "warn", "bad", "info", "quiet", "accent"]

TONES: dict[str, tuple[Tone, str]] = {
    "queued": ("quiet", "schedule"),
    "running": ("info", "play_arrow"),
    "waiting": ("info", "hourglass_empty"),
    "cancelling": ("warn", "block"),
    "succeeded": ("ok", "check"),
    "partial": ("warn", "rule"),
    "failed": ("bad", "error_outline"),
    "cancelled": ("quiet", "block"),
    "interrupted": ("warn", "power_off"),
    "valid": ("ok", "check"),
    "degraded": ("warn", "warning_amber"),
    "invalid": ("bad", "close"),
    "up": ("ok", "check"),
    "ready": ("ok", "check"),
    "down": ("bad", "link_off"),
    "reachable": ("ok", "check"),
    "unreachable": ("bad", "link_off"),
    "unauthorised": ("bad", "lock_outline"),
    "unknown": ("warn", "help_outline"),
    "healthy": ("ok", "check"),
    "installed": ("ok", "check"),
    "data-plane-only": ("warn", "rule"),
    "cni-only": ("quiet", "lan"),
    "unverified": ("warn", "help_outline"),
    "ended": ("bad", "event_busy"),
    "active": ("ok", "check"),
    "dormant": ("warn", "bedtime"),
    "archived": ("warn", "inventory_2"),
    "watching": ("ok", "visibility"),
    "listing": ("info", "hourglass_empty"),
    "stale": ("warn", "history"),
    "not watched": ("warn", "visibility_off"),
    "forbidden": ("warn", "lock_outline"),
    "failing": ("bad", "error_outline"),
    "added": ("ok", "add"),
    "modified": ("info", "edit"),
    "deleted": ("bad", "delete_outline"),
    "starting": ("info", "hourglass_empty"),
    "stopping": ("warn", "hourglass_empty"),
    "stopped": ("quiet", "stop"),
    "lost": ("bad", "link_off"),
    "error": ("bad", "error_outline"),
    "warning": ("warn", "warning_amber"),
    "info": ("info", "info_outline"),
    "debug": ("quiet", "info_outline"),
}
"""How states look: of operations, sandboxes, results, events, meshes, objects and watches."""


def status_chip(state: str, *, tone: Tone | None = None, icon: str = "", label: str = "") -> Tag:
    """A chip for `state`; a state that is not in the table is shown quietly, by its name."""
    known_tone, known_icon = TONES.get(state, ("quiet", "circle"))
    with tag("span", classes=f"status-chip {tone or known_tone}") as chip:
        ui.icon(icon or known_icon).props("aria-hidden=true")
        tag("span", label or state.replace("-", " ").replace("_", " "))
    return chip
