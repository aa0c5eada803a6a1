"""`conductor plan why`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from keeper.bots.why import Why, explain
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import open_network
from keeper.cli.options import PLAN
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_status import said
from keeper.cli.planview import Followed, named, read_plan_on
from keeper.plans import Compiled, source_of
from keeper.plans.describe import moment
from keeper.plans.show_calls import Inexpressible, condition_text
from keeper.wire.error_table import Code
from keeper.wire.types import Step, Value


@dataclass(frozen=True)
class StepWhy:
    """`code` is the contract's own error, null if nothing stands in the way; `at`, `now` are on the plan's clock."""

    step: str
    value: str
    action: str | None
    at: int | None
    now: int
    reason: str
    code: str | None
    conditions: tuple[str, ...]
    on_chain: str
    wanted: str
    next_step: str


@dataclass(frozen=True)
class PlanWhy(Result):
    schema = "conductor/plan-why/1"

    plan: str
    status: str
    clock: str
    steps: tuple[StepWhy, ...]

    def text(self) -> str:
        if not self.steps:
            return f"the plan is {self.status}: nothing is left to do"
        return "\n\n".join(self._of(one) for one in self.steps)

    def _of(self, one: StepWhy) -> str:
        rows = [("step", f"{one.step}: {one.value}"), ("reason", one.reason)]
        rows += [("condition", text) for text in one.conditions]
        rows += [("on-chain", one.on_chain)] if one.on_chain else []
        rows += [("wanted", one.wanted)] if one.wanted else []
        return fields([*rows, ("next", one.next_step)])


@command(
    "why",
    PlanWhy,
    PLAN,
    click.option("--step", metavar="NAME", help="One step, by its name or number; default: all that are not settled."),
    settings_options(),
)
async def why(plan: str, step: str | None, settings: Settings) -> PlanWhy:
    """Say why steps do not run: the reason, the value on-chain, the value wanted, and the next step."""
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        found = await read_plan_on(network, wanted)
        view = found.view
        open_steps = [found.index(step)] if step is not None else _open(found)
        answers = [await explain(network.pool, network.deployment.scheduler, view, index) for index in open_steps]
        return PlanWhy(
            plan=f"0x{view.id.hex()}",
            status=said(view.state.word.status),
            clock="seconds" if view.in_seconds else "blocks",
            steps=tuple(_step(found, one) for one in answers),
        )


def _open(found: Followed) -> list[int]:
    """Steps that are not settled, and those that are still to be undone."""
    word = found.view.state.word
    if word.is_final:
        return []
    undoable = found.view.plan.header.undoable & word.done if said(word.status) == "aborting" else 0
    return [i for i in range(len(found.ids)) if word.value(i) is Value.PENDING or undoable >> i & 1]


def _step(found: Followed, one: Why) -> StepWhy:
    clock = "seconds" if found.view.in_seconds else "blocks"
    steps = found.view.plan.steps
    next_step, on_chain = one.next_step, one.on_chain
    if one.code is Code.NEEDS_PENDING:
        step, word = steps[one.step], found.view.state.word
        waits = [found.ids[i] for i in range(step.index) if (step.needs & ~word.settled) >> i & 1]
        on_chain, next_step = f"pending: {', '.join(waits)}", f"wait until {', '.join(waits)} settled"
    if one.code is Code.TOO_EARLY and one.at is not None:
        next_step = f"wait until {moment(one.at, 'seconds' if clock == 'seconds' else 'blocks').removeprefix('at ')}"
    about = one.code in (Code.CONDITION_FALSE, Code.UNREADABLE) and bool(steps)
    return StepWhy(
        step=found.ids[one.step],
        value=said(one.value),
        action=None if one.action is None else one.action.value,
        at=one.at,
        now=one.now,
        reason=one.reason,
        code=None if one.code is None else one.code.value,
        conditions=_conditions(steps[one.step], found.compiled) if about else (),
        on_chain=on_chain,
        wanted=one.wanted,
        next_step=next_step,
    )


def _conditions(step: Step, compiled: Compiled | None) -> tuple[str, ...]:
    """The step's comparisons, as the file writes them."""
    if compiled is None:
        return ()
    words = source_of(compiled).words()
    try:
        return tuple(condition_text(one, words) for one in step.conditions)
    except Inexpressible:
        return ()
