"""An error as a person needs it: what happened, why, what to do, and where its operation is."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from meshery.core.errors import MesheryError, Problem
from meshery.ui.widgets.action import action
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.prose import prose


def error_panel(
    error: MesheryError, *, retry: Callable[..., Any] | None = None, operation_href: str = ""
) -> None:
    """Draw `error` from the one error tree; `retry` adds the button."""
    error_words(
        error.what,
        cause=error.cause,
        remedy=error.remedy,
        code=error.specific_code,
        problems=error.problems,
        retry=retry,
        operation_href=operation_href,
    )


def error_words(
    what: str,
    *,
    cause: str = "",
    remedy: str = "",
    code: str = "",
    problems: Sequence[Problem] = (),
    retry: Callable[..., Any] | None = None,
    operation_href: str = "",
) -> None:
    """Draw an error that was stored as words."""
    with tag("section", classes="error-panel", role="alert"):
        ui.icon("error_outline").props("aria-hidden=true")
        with tag("div", classes="error-words"):
            tag("h2", _sentence(what))
            if cause and not problems:
                prose(cause, lead="Why: ")
            _problems(problems)
            if remedy:
                prose(remedy, "remedy", lead="What to do: ")
            with tag("div", classes="cluster"):
                if retry is not None:
                    action("Try again", retry, icon="refresh")
                if operation_href:
                    tag("a", "Open the operation", href=operation_href)
                if code:
                    tag("code", code, "secondary")


def _problems(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    with tag("ul", classes="problems"):
        for problem in problems:
            line = f"line {problem.line}, " if problem.line else ""
            hint = f" ({problem.hint})" if problem.hint else ""
            tag("li", f"{line}{problem.path}: {problem.message}{hint}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
