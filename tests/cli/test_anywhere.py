from collections.abc import Iterator

import click
import pytest

from meshery.cli.anywhere import FLAGS, VALUES, flags_first
from meshery.cli.root import root


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("system reset -y", "-y system reset"),
        ("sandbox up shop --server http://x -o json", "--server http://x sandbox up shop -o json"),
        ("event list --server=http://x", "--server=http://x event list"),
        ("-v event list --no-color", "-v --no-color event list"),
        ("sandbox request web -- -y --server", "sandbox request web -- -y --server"),
        ("event list --server", "--server event list"),
        ("", ""),
    ],
)
def test_global_flags_go_to_the_front(line: str, expected: str) -> None:
    assert flags_first(line.split()) == expected.split()


def test_they_are_those_of_the_root() -> None:
    names = {name for option in root.params for name in option.opts}
    assert names == FLAGS | VALUES


def test_no_command_has_an_option_of_the_same_name() -> None:
    for words, command in _walk(root, ""):
        names = {name for option in command.params for name in option.opts}
        assert not names & (FLAGS | VALUES), words


def _walk(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield f"{words} {name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, f"{words} {name}")
