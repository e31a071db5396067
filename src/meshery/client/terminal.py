"""The terminal of a command: whether there is one, its colours, and questions to the person at it.

Results go to standard output, everything else to standard error. rich is imported for drawing only.
"""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_state = {"color": True, "answers": True}


def disable_color() -> None:
    """Draw without colours from now on (`--no-color`)."""
    _state["color"] = False


def color_allowed() -> bool:
    """Whether colours may be used at all; `NO_COLOR` forbids them (no-color.org)."""
    return _state["color"] and not os.environ.get("NO_COLOR")


def console(*, stderr: bool = False) -> "Console":
    """A console of rich on standard output or error."""
    from rich.console import Console

    return Console(stderr=stderr, no_color=not color_allowed(), highlight=False)


def is_interactive() -> bool:
    """Whether a person sits there: questions and progress can be shown on standard error."""
    return _state["answers"] and sys.stdin.isatty() and sys.stderr.isatty()


def ask_no_more() -> None:
    """Ask nothing from now on: the command was told to end, and nobody may be there to answer."""
    _state["answers"] = False


def say(text: str) -> None:
    """One line for the person, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def ask(question: str, choices: str, default: str) -> str:
    """Ask on standard error for one of the letters in `choices`; an empty answer is the default."""
    while True:
        sys.stderr.write(f"{question} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip().lower()[:1] or default
        if not line or answer in choices:
            return answer if line else default
