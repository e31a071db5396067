"""A few choices side by side, one of them taken: filters, and units of a chart."""

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

# Quasar sets its own colours as important ones, from a lower layer than ours: naming colours that
# do not exist leaves the sheet its say.
_PLAIN = (
    "no-caps dense unelevated :ripple=false "
    "color=plain text-color=plain toggle-color=plain toggle-text-color=plain"
)


def segments(
    choices: Mapping[str, str] | list[str], chosen: str, on_change: Callable[[str], Any]
) -> ui.toggle:
    """Draw `choices` (words, or value to words); `on_change` gets the value taken."""
    options = choices if isinstance(choices, list) else dict(choices)
    toggle = ui.toggle(options, value=chosen, on_change=lambda change: on_change(str(change.value)))
    return toggle.props(_PLAIN).classes("segments")
