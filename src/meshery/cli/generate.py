"""Writes `help.txt`: `python -m meshery.cli.generate`, after a command or option changed.

The file holds the help of every command of ours, as click renders it. Each text is headed by a line
of a form feed and the command's words (none for the root).
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

WIDTH = 80
TARGET = Path(__file__).with_name("help.txt")


def help_texts() -> dict[str, str]:
    """Words of a command (empty for the root) to its help, at 80 columns."""
    from meshery.cli.root import PROGRAM, root

    context = click.Context(
        root, info_name=PROGRAM, terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    return dict(_walk(context, ""))


def _walk(context: click.Context, words: str) -> Iterator[tuple[str, str]]:
    yield words, context.get_help() + "\n"
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None:
                child = click.Context(command, info_name=name, parent=context)
                yield from _walk(child, f"{words} {name}".strip())


def file_text(texts: Mapping[str, str]) -> str:
    """The file's content."""
    return "".join(f"\f{words}\n{text}" for words, text in texts.items())


def main() -> int:
    """Write the file, only when it differs."""
    text = file_text(help_texts())
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
