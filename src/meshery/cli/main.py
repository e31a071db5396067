"""`mesheryctl`: the entry point. Help and version cost hardly more than Python's own start.

What is asked most and needs nothing (`--help` of every command of ours, `version`) is answered
from a table before click is imported. `python -m meshery.cli.generate` writes the table anew from
the commands; a test walks every command and compares.
"""

import os
import sys

from meshery import __version__

_HELP = ("--help", "-h")
_NO_MATTER = ("-v", "--verbose", "-y", "--yes", "--no-color")


def main() -> int:
    """Answer from the table, or hand over to click. Returns the exit code."""
    arguments = sys.argv[1:]
    if "_MESHERYCTL_COMPLETE" not in os.environ:
        text = static_answer(arguments)
        if text is not None:
            return _write(text)
    from meshery.cli.root import run

    return run(arguments)


def static_answer(arguments: list[str]) -> str | None:
    """The text for a command line that needs no command to run; None for any other."""
    if arguments in (["version"], ["--version"]):
        return f"mesheryctl {__version__}\n"
    if arguments and arguments[-1] not in _HELP:
        return None
    from meshery.cli.helptext import HELP

    words = arguments[:-1]
    while words and words[0] in _NO_MATTER:
        del words[0]
    return HELP.get(" ".join(words))


def _write(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `mesheryctl --help | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
