"""`conductor name`: the table of its commands."""

from __future__ import annotations

from importlib import import_module

import click

from keeper.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "claim": Lazy("take a top-level name, by commit and reveal", lambda: import_module("keeper.cli.name_claim").claim),
    "renew": Lazy("let a top-level name live for another year", lambda: import_module("keeper.cli.name_change").renew),
    "transfer": Lazy("offer a name to another owner", lambda: import_module("keeper.cli.name_change").transfer),
    "accept": Lazy("take over a name that was offered", lambda: import_module("keeper.cli.name_change").accept),
    "lock": Lazy(
        "give up the power to remove a name below yours", lambda: import_module("keeper.cli.name_change").lock
    ),
    "approve": Lazy("let another key act for a name", lambda: import_module("keeper.cli.name_operator").approve),
    "revoke": Lazy("let it act no longer", lambda: import_module("keeper.cli.name_operator").revoke),
    "remove": Lazy("remove a name and all below it", lambda: import_module("keeper.cli.name_end").remove),
    "withdraw": Lazy("take the deposits that came back", lambda: import_module("keeper.cli.name_end").withdraw),
    "set": Lazy("set addresses, texts, content hash, ABI", lambda: import_module("keeper.cli.name_change").set_records),
    "show": Lazy("show all of a name", lambda: import_module("keeper.cli.name_show").show),
}


@click.group("name", cls=LazyGroup, table=COMMANDS)
def group() -> None:
    """Claim names, and say what they stand for.

    NAME is dotted text such as price.acme: labels of a-z, 0-9 and `-`. ENS clients that are pointed at the Registry
    resolve it.
    """
