"""Addresses with a query, and the one that a reader's tab shows: what is seen can be passed on."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from nicegui import ui


def address(path: str, query: Mapping[str, str | int]) -> str:
    """`path` with those of `query` that are set."""
    words = urlencode({name: value for name, value in query.items() if value not in {"", 0}})
    return f"{path}?{words}" if words else path


def show_address(href: str) -> None:
    """Put an address into the tab without loading it."""
    ui.run_javascript(f"history.replaceState(history.state, '', {json.dumps(href)})")
