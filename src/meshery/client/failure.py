"""An error as lines for a person: what happened, why, what to do, and each fault with its line."""

import sys

from meshery.client.files import last_source
from meshery.client.terminal import color_allowed
from meshery.core.errors import MesheryError, Problem

_RED, _PLAIN = "\x1b[1;31m", "\x1b[0m"


def error_text(error: MesheryError) -> str:
    """An error as lines for a person."""
    is_notice = error.severity in {"info", "debug"}
    lines = [("" if is_notice else _red("Error: ")) + error.what]
    lines += [f"  {_problem(problem)}" for problem in error.problems]
    # The problems say it better than the sentence that joins them.
    if error.cause and not error.problems:
        lines.append(f"  why: {error.cause}")
    if error.remedy:
        lines.append(f"  next: {error.remedy}")
    return "\n".join(lines)


def _problem(problem: Problem) -> str:
    source = last_source()
    place = f"{source or 'line'}:{problem.line}: " if problem.line else ""
    path = f"{problem.path}: " if problem.path else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{place}{path}{problem.message}{hint}"


def _red(text: str) -> str:
    return f"{_RED}{text}{_PLAIN}" if sys.stderr.isatty() and color_allowed() else text
