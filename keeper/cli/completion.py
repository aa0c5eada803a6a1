"""`conductor completion`."""

from __future__ import annotations

from dataclasses import dataclass

import click
from click.shell_completion import get_completion_class

from keeper.cli.command import command
from keeper.cli.output import Result
from keeper.wire.errors import ConductorError


@dataclass(frozen=True)
class Completion(Result):
    schema = "conductor/completion/1"

    shell: str
    script: str

    def text(self) -> str:
        return self.script


@command("completion", Completion, click.argument("shell", type=click.Choice(["bash", "zsh", "fish"])))
def completion(shell: str) -> Completion:
    """Print what a shell needs to complete commands: `eval "$(conductor completion bash)"`."""
    made = get_completion_class(shell)
    if made is None:
        raise ConductorError(f"click knows no completion for {shell}", remedy="update click")
    root = click.get_current_context().find_root().command
    return Completion(shell, made(root, {}, "conductor", "_CONDUCTOR_COMPLETE").source())
