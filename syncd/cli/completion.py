"""`syncd completion`: the Tab key."""

import click
from click.shell_completion import get_completion_class

from syncd.cli.verb import Verb


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes your shell complete verbs, tools, runs and paths.

    \b
    Examples:
      syncd completion bash > /etc/bash_completion.d/syncd
      syncd completion zsh > /usr/local/share/zsh/site-functions/_syncd
      syncd completion fish > ~/.config/fish/completions/syncd.fish
    """
    found = get_completion_class(shell)
    assert found
    click.echo(found(ctx.find_root().command, {}, "syncd", "_SYNCD_COMPLETE").source())
