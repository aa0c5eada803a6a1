"""`conductor` itself: the table of its commands, and where every error ends."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from keeper.cli.errors import as_conductor_error, as_json, line
from keeper.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "demo": Lazy(
        "the protocol, a DAO and three keepers on a local chain", lambda: import_module("keeper.cli.demo").demo
    ),
    "deploy": Lazy(
        "put the protocol on a chain, at the same addresses as everywhere",
        lambda: import_module("keeper.cli.deploy").deploy,
    ),
    "new": Lazy("begin a plan file, from nothing or from a Safe's batch", lambda: import_module("keeper.cli.new").new),
    "plan": Lazy("check, propose, schedule and follow plans", lambda: import_module("keeper.cli.plan").group),
    "keeper": Lazy(
        "run a keeper, and look after its seat and earnings", lambda: import_module("keeper.cli.keeper").group
    ),
    "name": Lazy("claim names, and say what they stand for", lambda: import_module("keeper.cli.name").group),
    "service": Lazy(
        "run services: versions, live instances, wanted counts", lambda: import_module("keeper.cli.service").group
    ),
    "resolve": Lazy("say what a name stands for", lambda: import_module("keeper.cli.resolve").resolve),
    "account": Lazy(
        "look at an owner's Account, and act through it", lambda: import_module("keeper.cli.account").group
    ),
    "config": Lazy("see the settings and where each came from", lambda: import_module("keeper.cli.config").group),
    "completion": Lazy(
        "print what a shell needs to complete commands", lambda: import_module("keeper.cli.completion").completion
    ),
}


class Root(LazyGroup):
    """Turns whatever a command raises into one line, or JSON, and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        wanted = args[0] if args else kwargs.pop("args", None)
        given = sys.argv[1:] if wanted is None else list(wanted)
        try:
            code = super().main(given, *args[1:], **{**kwargs, "standalone_mode": False})
        except BrokenPipeError:  # whoever read us has enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the interpreter's own flush at the end
            sys.exit(1)
        except (Exception, KeyboardInterrupt) as caught:  # noqa: BLE001 - this is where errors end
            error = as_conductor_error(caught)
            click.echo(as_json(error) if "--json" in given else line(error), err=True)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    "conductor",
    cls=Root,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(package_name="onchain-conductor", prog_name="conductor", message="conductor %(version)s")
def root() -> None:
    """One plan, held by the chain, carried out by keepers.

    Exit codes: 0 done, 2 bad input, 3 not now, 4 refused by the chain, 1 otherwise.
    """
