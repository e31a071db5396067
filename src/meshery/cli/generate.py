"""Writes `helptext.py`: `python -m meshery.cli.generate`, after a command or option changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

WIDTH = 80
TARGET = Path(__file__).with_name("helptext.py")

_HEAD = '''"""Help of every command, by its words; written by `python -m meshery.cli.generate`."""

HELP = {
'''


def help_texts() -> dict[str, str]:
    """Words of a command (empty for the root) to its help, as click renders it at 80 columns."""
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


def source_text(texts: dict[str, str]) -> str:
    """The module's source."""
    entries = (f"    {words!r}: {_literal(text)},\n" for words, text in texts.items())
    return _HEAD + "".join(entries) + "}\n"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\\\n{escaped}"""'


def main() -> int:
    """Write the file, only when it differs."""
    text = source_text(help_texts())
    if not TARGET.exists() or TARGET.read_text() != text:
        TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
