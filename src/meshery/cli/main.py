"""`mesheryctl`: the entry point. Help and version cost hardly more than Python's own start.

What is asked most and needs nothing (`--help` of every command of ours, `version`) is answered
from a file before click is imported. `python -m meshery.cli.generate` writes that file anew from
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
    words = arguments[:-1]
    while words and words[0] in _NO_MATTER:
        del words[0]
    return help_table().get(" ".join(words))


def help_table() -> dict[str, str]:
    """Words of a command to its help: the file `help.txt`, whose form `generate.py` describes."""
    path = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 3 ms to load
        sections = file.read().split("\f")[1:]
    parted = (section.partition("\n") for section in sections)
    return {words: text for words, _, text in parted}


def _write(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `mesheryctl --help | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
