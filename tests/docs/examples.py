"""The examples of a documentation page, in order: files to write and commands to run.

A fenced block whose info string is `console` holds a session: `$ command` lines and, below each,
the output a reader should see (`...` stands for anything). A block `yaml` or `sh` with the first
line `# file: NAME` is written to NAME in the working directory first.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
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


def run_page(
    page: Path, folder: Path, *, after: Callable[[str], None] = lambda _line: None
) -> None:
    """Run all examples of a page in a folder, with a home of Meshery's in `home` below it.

    `after` is called with each command that ran. AssertionError with the line of the page and what
    was printed; no server is left running.
    """
    environment = os.environ | {
        "MESHERY_HOME": str(folder / "home"),
        "MESHERY_SERVER_PORT": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
    }
    try:
        for example in examples(page):
            if isinstance(example, File):
                (folder / example.name).write_text(example.text)
            else:
                _run(example, page, folder, environment)
                after(example.line)
    finally:
        stop = ["mesheryctl", "system", "stop"]
        subprocess.run(stop, env=environment, capture_output=True, check=False)


def _run(command: Command, page: Path, folder: Path, environment: dict[str, str]) -> None:
    ran = subprocess.run(
        ["sh", "-c", command.line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    told = f"{page.name}:{command.page_line}: $ {command.line}\n{ran.stdout}{ran.stderr}"
    assert ran.returncode == 0, told
    assert matches(command.shown, ran.stdout), told


def _session(body: str, first_line: int) -> list[Command]:
    commands: list[Command] = []
    for offset, line in enumerate(body.splitlines()):
        if line.startswith("$ "):
            commands.append(Command(line[2:], "", first_line + offset))
        elif commands:
            last = commands.pop()
            commands.append(Command(last.line, last.shown + line + "\n", last.page_line))
    return commands
