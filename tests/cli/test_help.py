import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from meshery.cli import generate, nouns
from meshery.cli.main import help_table, static_answer
from meshery.cli.root import root

ROOT = Path(__file__).parents[2]
HELP = help_table()


def test_the_table_of_help_is_what_the_commands_say() -> None:
    """Walks every command of ours; when this fails, run `python -m meshery.cli.generate`."""
    assert generate.help_texts() == HELP


@pytest.mark.parametrize("words", [words for words in HELP if words])
def test_every_command_has_help_and_says_what_it_does(words: str) -> None:
    lines = [line.strip() for line in HELP[words].splitlines()]
    assert lines[0].startswith(f"Usage: mesheryctl {words.split(maxsplit=1)[0]}")
    assert lines[2]
    assert static_answer([*words.split(), "--help"]) == HELP[words]
    assert static_answer([*words.split(), "-h"]) == HELP[words]


@pytest.mark.parametrize(
    "line", ["nope --help", "system nope --help", "--server x", "version -o json"]
)
def test_other_lines_go_to_click(line: str) -> None:
    assert static_answer(line.split()) is None


def test_our_nouns_are_those_registered() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    section = text.split('[project.entry-points."meshery.commands"]')[1].split("\n[")[0]
    registered = dict(re.findall(r'^(\w+) = "(.+)"$', section, re.MULTILINE))
    ours = {name: target for name, (target, _) in nouns.BUILT_IN.items()}
    assert registered == {name: ours[name] for name in registered}
    assert set(ours) - set(registered) == {"version", "completion"}


def test_every_noun_loads() -> None:
    context = click.Context(root)
    for name in root.list_commands(context):
        assert isinstance(root.get_command(context, name), click.Command)


def test_verbs_mean_the_same_everywhere() -> None:
    """Every list and view takes -o."""
    for words, text in HELP.items():
        if words.split()[-1:] in (["list"], ["view"]):
            assert "--output" in text, words


def test_flags_before_the_noun_change_no_help() -> None:
    line = ["-v", "--no-color", "system", "--help"]
    assert static_answer(line) == HELP["system"]


STATIC = ["--help", "-h", "version", "--version", "system --help", "sandbox up --help", ""]


@pytest.mark.parametrize("line", STATIC)
def test_help_and_version_load_next_to_nothing(line: str) -> None:
    show = (
        "import sys; sys.argv = ['mesheryctl', *sys.argv[1:]]\n"
        "from meshery.cli.main import main\n"
        "before = set(sys.modules); main()\n"
        "print(sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", show, *line.split()], capture_output=True, check=True, text=True
    )
    assert shown.stdout
    assert shown.stderr.strip() == "[]"
