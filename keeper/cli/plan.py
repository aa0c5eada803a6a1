"""`conductor plan`: the table of its commands."""

from __future__ import annotations

from importlib import import_module

import click

from keeper.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "check": Lazy(
        "say what is wrong with a plan, and what its Account lacks",
        lambda: import_module("keeper.cli.plan_check").check,
    ),
    "graph": Lazy("draw which step comes after which", lambda: import_module("keeper.cli.plan_cost").graph),
    "estimate": Lazy(
        "say what each step and the whole plan cost", lambda: import_module("keeper.cli.plan_cost").estimate
    ),
    "simulate": Lazy(
        "try every path of a plan on the chain's state", lambda: import_module("keeper.cli.plan_check").simulate
    ),
    "propose": Lazy(
        "write what a Safe, a Governor or a Timelock takes", lambda: import_module("keeper.cli.plan_propose").propose
    ),
    "verify": Lazy(
        "tell a voter whether a proposal is exactly this file", lambda: import_module("keeper.cli.plan_verify").verify
    ),
    "schedule": Lazy(
        "schedule a plan with the owner's key or signature", lambda: import_module("keeper.cli.plan_owner").schedule
    ),
    "sign": Lazy("sign a plan, so that anyone may schedule it", lambda: import_module("keeper.cli.plan_propose").sign),
    "show": Lazy("turn a plan on the chain back into a file", lambda: import_module("keeper.cli.plan_status").show),
    "status": Lazy("say where a plan stands", lambda: import_module("keeper.cli.plan_status").status),
    "why": Lazy("say why steps do not run, and what to do", lambda: import_module("keeper.cli.plan_why").why),
    "watch": Lazy(
        "report what is late, failed, or runs out of deposit", lambda: import_module("keeper.cli.plan_watch").watch
    ),
    "publish": Lazy("publish the steps of a hidden plan", lambda: import_module("keeper.cli.plan_owner").publish),
    "deposit": Lazy("add to a plan's deposit", lambda: import_module("keeper.cli.plan_owner").deposit),
    "reclaim": Lazy(
        "move what a finished plan left to its owner's Account", lambda: import_module("keeper.cli.plan_owner").reclaim
    ),
    "cancel": Lazy("end a plan; what is done is undone", lambda: import_module("keeper.cli.plan_owner").cancel),
}


@click.group("plan", cls=LazyGroup, table=COMMANDS)
def group() -> None:
    """Check, propose, schedule and follow plans.

    FILE is a plan file; its lock, of the same name but for the ending .lock.json, is written beside it.

    PLAN is a plan's id, or its file.
    """
