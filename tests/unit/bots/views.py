"""Plans of the rules' own tests, as the bots see them."""

from __future__ import annotations

from typing import Any

from keeper.bots.chances import Action, PlanView
from keeper.bots.decide import Moment, View
from keeper.bots.fees import GWEI, Market
from keeper.bots.index import dues
from keeper.chain.jobs import Job
from keeper.chain.ledger import Due
from keeper.wire import hashing
from keeper.wire.codec import encode_header, encode_step
from keeper.wire.rules import Plan, State
from keeper.wire.types import Address

ME, OTHER = Address(b"\x01" * 20), Address(b"\x02" * 20)
MARKET = Market(base_fee_wei=GWEI, tip_wei=GWEI // 10)
BLOCK_S = 12.0


def view_of(plan: Plan, state: State) -> PlanView:
    bodies = tuple(encode_step(step) for step in plan.steps)
    return PlanView(plan, state, encode_header(plan.header), hashing.root(bodies), bodies)


def job(due: Due, attempt: int = 1) -> Job:
    return Job(due.id, due, "worker", ME, 1e9, attempt, "")


def jobs_due(view: PlanView, at: int) -> tuple[Job, ...]:
    return tuple(job(due) for due in dues(view) if due.due_at <= at)


def view(*plans: PlanView, at: int, **fields: Any) -> View:
    """Everything of these plans that is due at `at`."""
    jobs = tuple(one for plan in plans for one in jobs_due(plan, at))
    return View(me=ME, plans={plan.id: plan for plan in plans}, jobs=jobs, market=MARKET, **fields)


def moment(at: int) -> Moment:
    """The next block, the same number on both clocks."""
    return Moment(block=at, time_s=at, block_s=BLOCK_S)


def works(verdicts: list[Any]) -> set[tuple[Action, int]]:
    return {(one.work.action, one.work.index) for one in verdicts if hasattr(one, "work")}
