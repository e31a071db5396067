"""The root command: global flags, lazily loaded nouns, and one way to end for every outcome.

Exit codes: 0 done, 1 failed or partial, 2 usage, 3 server not reachable, 4 findings or thresholds,
5 timed out, 130 cancelled.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from meshery.cli.anywhere import flags_first
from meshery.cli.nouns import BUILT_IN, load_noun
from meshery.client.options import Invocation

PROGRAM = "mesheryctl"


class Root(click.Group):
    """A group that knows its nouns by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Nouns of ours, in the order of help."""
        del ctx
        return list(BUILT_IN)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a noun, imported now."""
        del ctx
        return load_noun(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The nouns with their line of the table; nothing is imported for it."""
        del ctx
        with formatter.section("Nouns"):
            formatter.write_dl([(name, words) for name, (_, words) in BUILT_IN.items()])


@click.command(
    PROGRAM,
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    epilog="Every list and view takes -o table|json|yaml|name. Durations are Go durations: 500ms, "
    "10s, 1h30m. Exit codes: 0 done, 1 failed or partial, 2 usage, 3 server not reachable, "
    "4 findings or thresholds violated, 5 timed out, 130 cancelled.",
)
@click.option("--server", metavar="URL", default="", help="Address of the Meshery server.")
@click.option(
    "--context", "context_name", metavar="NAME", default="", help="A server named in config.yaml."
)
@click.option("--config", metavar="PATH", default="", help="Another config.yaml with contexts.")
@click.option("--token-file", metavar="PATH", default="", help="File with the server's token.")
@click.option("-v", "--verbose", is_flag=True, help="Tell more, traces of faults included.")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
@click.option("-y", "--yes", is_flag=True, help="Answer every question with yes.")
@click.pass_context
def root(
    context: click.Context,
    /,
    *,
    server: str,
    context_name: str,
    config: str,
    token_file: str,
    verbose: bool,
    no_color: bool,
    yes: bool,
) -> None:
    """One management plane for every service mesh.

    mesheryctl NOUN VERB [NAME] [flags]. Start with: mesheryctl demo
    """
    from meshery.client.terminal import disable_color

    if no_color:
        disable_color()
    context.obj = Invocation(
        server=server,
        context=context_name,
        config=config,
        token_file=token_file,
        verbose=verbose,
        yes=yes,
    )


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code. Whatever fails is told on standard error."""
    signal.signal(signal.SIGTERM, _on_terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` has it ignored
        signal.signal(signal.SIGHUP, _on_hangup)
    try:
        result: Any = root.main(flags_first(arguments), PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader left, as `head` does: no fault. Python would complain while flushing at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge of the process
        from meshery.cli.failure import report

        return report(error, arguments)
    return result if isinstance(result, int) else 0


def _on_hangup(number: int, frame: object) -> None:
    """The terminal is gone: go on without one, since any word to it would fail, and end."""
    for descriptor in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    _on_terminate(number, frame)


def _on_terminate(_number: int, _frame: object) -> None:
    """SIGTERM ends a command as Ctrl-C does, without a question: it stops what it started."""
    from meshery.client.terminal import ask_no_more

    ask_no_more()
    raise KeyboardInterrupt
