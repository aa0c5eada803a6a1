"""`conductor service`: the table of its commands."""

from __future__ import annotations

from importlib import import_module

import click

from keeper.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "create": Lazy(
        "make a name below yours, with its records", lambda: import_module("keeper.cli.service_change").create
    ),
    "release": Lazy("show a service's versions", lambda: import_module("keeper.cli.service_release").release),
    "propose": Lazy("propose a version, or take it back", lambda: import_module("keeper.cli.service_release").propose),
    "confirm": Lazy(
        "let the proposed version be the service's", lambda: import_module("keeper.cli.service_release").confirm
    ),
    "admit": Lazy("admit an instance, or admit it anew", lambda: import_module("keeper.cli.service_instance").admit),
    "serve": Lazy("say where an instance serves", lambda: import_module("keeper.cli.service_instance").serve),
    "instances": Lazy("list who serves a service", lambda: import_module("keeper.cli.service_instance").instances),
    "heartbeat": Lazy(
        "keep the key's instances alive", lambda: import_module("keeper.cli.service_heartbeat").heartbeat
    ),
    "drain": Lazy("take an instance out of the choice", lambda: import_module("keeper.cli.service_instance").drain),
    "evict": Lazy("end an instance for good", lambda: import_module("keeper.cli.service_instance").evict),
    "scale": Lazy("show or set how many instances are wanted", lambda: import_module("keeper.cli.service_scale").scale),
    "measure": Lazy(
        "report the metric that a rule of scaling follows", lambda: import_module("keeper.cli.service_scale").measure
    ),
    "watch": Lazy("print the Registry's changes as they come", lambda: import_module("keeper.cli.service_watch").watch),
}


@click.group("service", cls=LazyGroup, table=COMMANDS)
def group() -> None:
    """Run services: names with versions, instances that live as long as their heartbeats, and wanted counts.

    NAME is a service such as price.acme. INSTANCE is one of its instances: a.price.acme, or its number.
    """
