"""`eventdocs completion`: what lets a shell complete commands and options."""

from __future__ import annotations

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, pass_app

VARIABLE = "_EVENTDOCS_COMPLETE"
"""What the script that a shell has read asks us by; Click's own choice for our name."""


@click.command(short_help="Print what lets a shell complete commands and options.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common_options
@pass_app
def completion(app: App, *, shell: str) -> None:
    """Print the script that lets SHELL, which is bash, zsh or fish, complete what is typed.

    Let the shell read it at its start. For bash, add eval "$(eventdocs completion bash)"
    to ~/.bashrc; for zsh, eval "$(eventdocs completion zsh)" to ~/.zshrc; for fish, write
    it to ~/.config/fish/completions/eventdocs.fish.
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    known = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    program = click.get_current_context().find_root().command
    script = known(program, {}, "eventdocs", VARIABLE).source()
    if app.output.as_json:
        app.output.json({"shell": shell, "script": script})
    else:
        click.echo(script, nl=False)
