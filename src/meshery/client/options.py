"""Options that many commands share, and what the global ones add up to.

    @sandbox.command("list")
    @output_option
    @pass_client
    def list_sandboxes(client: ServerClient, output: str) -> None: ...

`@pass_client` gives a ServerClient as the first argument, `@pass_invocation` the Invocation.
Long work takes `@wait_options`, which adds `wait: bool` and `timeout_s: float | None`. Any option
may have `type=duration`: a Go duration outside, seconds inside.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from meshery.client.contexts import ServerAddress
    from meshery.client.http import ServerClient
    from meshery.core.settings import LoadedSettings, Settings

F = TypeVar("F", bound=Callable[..., Any])


class Invocation:
    """The global flags of one command line, and what follows from them."""

    # A plain class: dataclasses would add a tenth to the start of every command.
    def __init__(
        self,
        *,
        server: str = "",
        context: str = "",
        config: str = "",
        token_file: str = "",
        verbose: bool = False,
        yes: bool = False,
    ) -> None:
        self.server = server
        self.context = context
        self.config = config
        self.token_file = token_file
        self.verbose = verbose
        self.yes = yes

    @cached_property
    def loaded(self) -> "LoadedSettings":
        """The settings with their origins."""
        from meshery.client.files import reading
        from meshery.core.settings import load_settings

        with reading("settings.yaml"):
            return load_settings()

    @property
    def settings(self) -> "Settings":
        """The settings of this user."""
        return self.loaded.settings

    @cached_property
    def address(self) -> "ServerAddress":
        """The server to talk to, and its token."""
        from pathlib import Path

        from meshery.client.contexts import find_server

        return find_server(
            self.settings,
            server=self.server,
            context=self.context,
            config=Path(self.config) if self.config else None,
            token_file=Path(self.token_file) if self.token_file else None,
        )

    def connect(self) -> "ServerClient":
        """A client of that server; nothing is sent yet."""
        from meshery.client.http import ServerClient

        return ServerClient(self.address.url, token=self.address.token)

    def confirm(self, question: str, *, remedy: str = "repeat it with --yes") -> None:
        """Go on only after a yes: `--yes`, or the person at the terminal. Click's Abort else."""
        from meshery.client.terminal import ask, is_interactive
        from meshery.core.errors import InvalidInputError

        if self.yes:
            return
        if not is_interactive():
            raise InvalidInputError(
                f"this needs a yes: {question}",
                cause="nobody is at the terminal to ask",
                remedy=remedy,
                code="meshery.confirmation",
            )
        if ask(f"{question} [y/N]", "yn", "n") != "y":
            raise click.Abort


def duration(text: str) -> float:
    """Seconds in a Go duration, or a usage error that says how one is written."""
    from meshery.core.durations import parse_duration
    from meshery.core.errors import InvalidInputError

    try:
        return parse_duration(text)
    except InvalidInputError as error:
        raise click.BadParameter(f"{error.what}: {error.remedy}") from error


def current_invocation() -> Invocation:
    """The invocation of the running command; one of defaults where there is no root."""
    root = click.get_current_context().find_root()
    if not isinstance(root.obj, Invocation):
        root.obj = Invocation()
    return root.obj


def pass_invocation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the Invocation as the first argument."""

    def with_invocation(*arguments: Any, **options: Any) -> Any:
        return function(current_invocation(), *arguments, **options)

    return update_wrapper(with_invocation, function)


def pass_client(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a ServerClient as the first argument; it is closed when the command ends."""

    def with_client(*arguments: Any, **options: Any) -> Any:
        with current_invocation().connect() as client:
            return function(client, *arguments, **options)

    return update_wrapper(with_client, function)


def output_option(function: F) -> F:
    """`-o table|json|yaml|name`, given as `output`."""
    return _output(function, ("table", "json", "yaml", "name"))


def report_option(function: F) -> F:
    """`-o table|json|yaml|name|markdown`, for what is a report, given as `output`."""
    return _output(function, ("table", "json", "yaml", "name", "markdown"))


def wait_options(function: F) -> F:
    """`--wait/--no-wait` and `--timeout`, given as `wait` and `timeout_s`."""
    timeout = click.option(
        "--timeout",
        "timeout_s",
        type=duration,
        default=None,
        help="Stop waiting after this long (exit 5); the operation goes on.",
    )
    wait = click.option(
        "--wait/--no-wait", default=True, help="Follow the operation, or print it and return."
    )
    return wait(timeout(function))


def page_options(function: F) -> F:
    """`--page --page-size --order --search`, given under these names; pass them on to the list."""
    for option in (
        click.option("--search", default="", help="Only what contains this text."),
        click.option("--order", default="", help="Field to order by; - before it descends."),
        click.option("--page-size", type=click.IntRange(1, 500), default=25, show_default=True),
        click.option("--page", type=click.IntRange(1), default=1, show_default=True),
    ):
        function = option(function)
    return function


def _output(function: F, formats: tuple[str, ...]) -> F:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default="table",
        show_default=True,
        help="Form of the result on standard output.",
    )(function)
