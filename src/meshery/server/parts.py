"""What entry points bring into the server: routes and pages, ours and those of plug-ins alike.

A part that cannot be loaded does not take the server down: it is logged, and shown as failed among
the components.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

import msgspec

from meshery.core.telemetry import get_logger

log = get_logger("server.parts")


class FailedPart(msgspec.Struct, frozen=True):
    """A part that could not be loaded, and why."""

    group: str
    name: str
    reason: str


class Parts:
    """Loads the groups; `failed` collects what did not work."""

    def __init__(self) -> None:
        self.failed: list[FailedPart] = []

    def load(self, group: str) -> Iterator[tuple[str, Any]]:
        """Name and object of every entry point of a group, in the order of their names."""
        for entry in sorted(entry_points(group=group), key=lambda item: item.name):
            try:
                loaded = entry.load()
            except Exception as error:
                log.exception("part failed to load", group=group, part=entry.name)
                reason = f"{type(error).__name__}: {error}"
                self.failed.append(FailedPart(group, entry.name, reason))
            else:
                yield entry.name, loaded
