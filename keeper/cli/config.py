"""`conductor config show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from keeper.cli.command import command
from keeper.cli.options import load_settings
from keeper.cli.output import Result, table


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class ConfigShow(Result):
    """Secrets are hidden; of URLs only the host is shown."""

    schema = "conductor/config-show/1"

    settings: tuple[Setting, ...]

    def text(self) -> str:
        return table(("setting", "value", "from"), [(one.name, one.value, one.origin) for one in self.settings])


@command(
    "show",
    ConfigShow,
    click.option("--chain", metavar="ID", help="As other commands take it."),
    click.option("--rpc", multiple=True, metavar="URL", help="As other commands take it."),
    click.option("--scheduler", metavar="ADDRESS", help="As other commands take it."),
    click.option("--account", metavar="NAME", help="As other commands take it."),
    click.option("--database", metavar="URL", help="As other commands take it."),
)
def show(**flags: Any) -> ConfigShow:
    """Show every setting, and where it came from: a flag, the environment, a file, or a default."""
    found: Mapping[str, tuple[str, str]] = load_settings(flags).shown()
    return ConfigShow(tuple(Setting(name, value, origin) for name, (value, origin) in found.items()))


@click.group("config")
def group() -> None:
    """See the settings and where each came from."""


group.add_command(show)
