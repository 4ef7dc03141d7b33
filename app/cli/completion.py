"""`makegood completion`: what a shell needs to complete our commands, options and names."""

from typing import Final

import click
from click.shell_completion import get_completion_class

_PROGRAM: Final = "makegood"
_VARIABLE: Final = "_MAKEGOOD_COMPLETE"
_SHELLS: Final = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Examples, for this shell and for every later one:
      bash:  eval "$(makegood completion bash)"
             makegood completion bash > ~/.local/share/bash-completion/completions/makegood
      zsh:   makegood completion zsh > ~/.zfunc/_makegood      (with ~/.zfunc in fpath, before compinit)
      fish:  makegood completion fish > ~/.config/fish/completions/makegood.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
