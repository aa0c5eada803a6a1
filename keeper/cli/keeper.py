"""`conductor keeper`: the table of its commands."""

from __future__ import annotations

from importlib import import_module

import click

from keeper.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "init": Lazy(
        "make a key in an encrypted keystore, and a database", lambda: import_module("keeper.cli.keeper_seat").init
    ),
    "check": Lazy("look at everything a keeper needs", lambda: import_module("keeper.cli.keeper_seat").check),
    "join": Lazy("take a seat, with its bond", lambda: import_module("keeper.cli.keeper_seat").join),
    "leave": Lazy("leave a seat, and later take its bond out", lambda: import_module("keeper.cli.keeper_seat").leave),
    "run": Lazy("work until told to stop", lambda: import_module("keeper.cli.keeper_work").run),
    "status": Lazy("say how this keeper is doing", lambda: import_module("keeper.cli.keeper_work").status),
    "why": Lazy("say why this keeper does not do a step", lambda: import_module("keeper.cli.keeper_work").why),
    "earnings": Lazy(
        "say what it was paid and what it spent", lambda: import_module("keeper.cli.keeper_work").earnings
    ),
    "withdraw": Lazy("pull what it has earned", lambda: import_module("keeper.cli.keeper_seat").withdraw),
}


@click.group("keeper", cls=LazyGroup, table=COMMANDS)
def group() -> None:
    """Run a keeper, and look after its seat and earnings.

    A keeper is a key (--account) and a database (--database); it needs coin for gas, and a seat to be first.
    """
