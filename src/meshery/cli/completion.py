"""`mesheryctl completion SHELL`: the script that makes a shell complete nouns, verbs and flags."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash        eval "$(mesheryctl completion bash)"
    zsh         eval "$(mesheryctl completion zsh)"
    fish        mesheryctl completion fish | source
    powershell  mesheryctl completion powershell | Out-String | Invoke-Expression
    """
    from meshery.cli.root import PROGRAM, root

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"this version of click has no completion for {shell}")
    click.echo(kind(root, {}, PROGRAM, "_MESHERYCTL_COMPLETE").source())
