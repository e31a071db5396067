"""The examples of a documentation page, in order: files to write and commands to run.

A fenced block whose info string is `console` holds a session: `$ command` lines and, below each,
the output a reader should see (`...` stands for anything). A block `yaml` or `sh` with the first
line `# file: NAME` is written to NAME in the working directory first.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A file a reader is told to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command a reader is told to run, and what the page shows of its output."""

    line: str
    shown: str
    page_line: int


def examples(page: Path) -> list[File | Command]:
    """All examples of a page in reading order."""
    text = page.read_text()
    found: list[File | Command] = []
    for match in _FENCE.finditer(text):
        kind, body = match.groups()
        line = text[: match.start()].count("\n") + 2
        if kind == "console":
            found += _session(body, line)
        elif body.startswith("# file: "):
            found.append(File(body.splitlines()[0].removeprefix("# file: ").strip(), body))
    return found


def matches(shown: str, output: str) -> bool:
    """Whether the output is what the page shows; runs of blanks are one, `...` is anything."""
    if not shown.strip():
        return True
    parts = [re.escape(" ".join(part.split())) for part in shown.split("...")]
    return re.search(".*".join(parts), " ".join(output.split()), re.DOTALL) is not None


def _session(body: str, first_line: int) -> list[Command]:
    commands: list[Command] = []
    for offset, line in enumerate(body.splitlines()):
        if line.startswith("$ "):
            commands.append(Command(line[2:], "", first_line + offset))
        elif commands:
            last = commands.pop()
            commands.append(Command(last.line, last.shown + line + "\n", last.page_line))
    return commands
