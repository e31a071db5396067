"""How a command ends badly: what happened, why, what to do, and each fault with its line.

With `-o json` the same is one JSON document on standard error.
"""

import sys
from collections.abc import Sequence

import click
import msgspec

from meshery.client.failure import error_text
from meshery.client.terminal import say
from meshery.core.errors import (
    CancelledByUserError,
    InvalidInputError,
    MesheryError,
    UnavailableError,
)


def report(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell the person or program of `error`; returns the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.ctx.get_help())
        return 2
    known = _known(error, is_verbose="-v" in arguments or "--verbose" in arguments)
    exit_code = known.exit_code
    if _wants_json(arguments):
        document = known.as_dict() | {"exit_code": exit_code}
        say(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        say(error_text(known))
    return exit_code


def _known(error: BaseException, *, is_verbose: bool) -> MesheryError:
    if isinstance(error, MesheryError):
        return error
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return CancelledByUserError("cancelled", severity="info")
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return InvalidInputError(error.format_message())
    if isinstance(error, ConnectionError):
        return UnavailableError("the connection broke", cause=str(error))
    if is_verbose:
        sys.excepthook(type(error), error, error.__traceback__)
    return MesheryError(
        "mesheryctl itself failed",
        cause=f"{type(error).__name__}: {error}",
        remedy="repeat the command with -v to see where, and report that",
    )


def _usage(error: click.UsageError) -> MesheryError:
    path = error.ctx.command_path if error.ctx else "mesheryctl"
    return InvalidInputError(
        error.format_message(),
        remedy=f"`{path} --help` says what it takes",
        code="meshery.usage",
    )


def _wants_json(arguments: Sequence[str]) -> bool:
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in {"-ojson", "-o=json", "--output=json"}:
            return True
        if option in {"-o", "--output"} and value == "json":
            return True
    return False
