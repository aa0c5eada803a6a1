"""What to do about each due job, at the block that comes next. Pure: no I/O, no clock, no randomness.

Every job gets one verdict: an `Intent`, to be simulated and sent, or a `Wait` that says why not and for how long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from keeper.bots import gas
from keeper.bots.calls import Work, encode
from keeper.bots.chances import Action, Chance, PlanView, chances
from keeper.bots.fees import GWEI, Bid, FeeRules, Market, Terms, bid
from keeper.bots.turns import Seats, Turn, blocked_by
from keeper.chain.jobs import Job
from keeper.wire.hashing import UNDO_TURN, tokens
from keeper.wire.turns import premium_gwei
from keeper.wire.types import Address


class Reason(StrEnum):
    """Why a job waits."""

    NOT_YET = "not yet"  # the block that comes next is too early
    GONE = "gone"  # nothing of the kind is possible any more; the chain's own event will drop the job
    IN_FLIGHT = "in flight"  # a transaction of ours is to do it
    NOT_OUR_TURN = "not our turn"
    UNPROFITABLE = "unprofitable"  # it costs more than it pays
    HELD_BACK = "held back"  # its Account made work of ours revert on-chain
    CONDITION_FALSE = "condition false"
    UNREADABLE = "unreadable"  # a condition or read gives no answer
    CALLS_FAIL = "calls fail"
    NO_ACCOUNT = "no account"
    REFEREE_HOLDS = "referee holds"
    REFUSED = "refused"  # the Scheduler says no for another reason


@dataclass(frozen=True, slots=True)
class Moment:
    """The block that comes next: what is sent now runs there at the earliest."""

    block: int
    time_s: int
    block_s: float
    """How long a block takes."""

    def at(self, plan: PlanView) -> int:
        return self.time_s if plan.in_seconds else self.block

    def seconds_until(self, plan: PlanView, at: int) -> float:
        """How long until it is time to send what should run at `at` on the plan's clock."""
        ahead = at - self.at(plan)
        return max(ahead if plan.in_seconds else ahead * self.block_s, 0.0)


@dataclass(frozen=True, slots=True)
class View:
    """All that is known about the due jobs."""

    me: Address
    plans: Mapping[bytes, PlanView]
    jobs: tuple[Job, ...]
    market: Market
    seats: Seats = field(default_factory=Seats)
    in_flight: frozenset[tuple[bytes, int]] = frozenset()
    """Slots (plan, index) that a transaction of ours is about to fill."""
    held_s: Mapping[bytes, float] = field(default_factory=dict)
    """By owner: for how many seconds its Account is held back."""


@dataclass(frozen=True, slots=True)
class Policy:
    fees: FeeRules = field(default_factory=FeeRules)
    patience: int = 16
    """What has been waited for for a time t is looked at again after t / patience."""
    look_again_s: float = 60.0
    """But no later than this."""


@dataclass(frozen=True, slots=True)
class Intent:
    job: Job
    work: Work
    since: int
    """When it became due, on the plan's clock."""
    in_seconds: bool
    """Its plan's clock."""
    data: bytes
    """Its own complete calldata."""
    gas: int
    """Its frame's."""
    bid: Bid


@dataclass(frozen=True, slots=True)
class Wait:
    job: Job
    reason: Reason
    for_s: float
    holder: bytes | None = None
    """Whose turn it is: to them the job is free."""


def decide(view: View, now: Moment, policy: Policy) -> list[Intent | Wait]:
    """A verdict for each job, in the order in which the work became due."""
    verdicts = [_verdict(job, view, now, policy) for job in view.jobs]
    return sorted(verdicts, key=lambda verdict: (verdict.job.due.due_at, verdict.job.id))


def patience_s(job: Job, plan: PlanView, now: Moment, policy: Policy) -> float:
    """How long to leave alone what can only be found out by asking: the longer it has waited, the longer."""
    waited = max(now.at(plan) - job.due.due_at, 0) * (1.0 if plan.in_seconds else now.block_s)
    # Half a block less than a block, so that the very next head finds it due.
    return min(max(waited / policy.patience, now.block_s / 2), max(policy.look_again_s, now.block_s / 2))


def settle_instead(intent: Intent, view: View, policy: Policy) -> Intent:
    """The same step, skipped because its condition is false."""
    plan = view.plans[intent.work.plan]
    chance = Chance(Action.SETTLE, intent.work.index, intent.since)
    return _intent(intent.job, plan, chance, intent.since, view, policy)


def _verdict(job: Job, view: View, now: Moment, policy: Policy) -> Intent | Wait:
    plan = view.plans.get(job.due.plan)
    chance = None if plan is None or plan.run != job.due.run else _chance(plan, job)
    if plan is None or chance is None:
        return Wait(job, Reason.GONE, policy.look_again_s)
    at = now.at(plan)
    if at < chance.at:
        return Wait(job, Reason.NOT_YET, now.seconds_until(plan, chance.at))
    if chance.until is not None and at >= chance.until:
        return Wait(job, Reason.GONE, policy.look_again_s)
    work = Work(plan.id, chance.action, chance.index)
    if work.slot in view.in_flight:
        return Wait(job, Reason.IN_FLIGHT, now.block_s / 2)
    if (held_s := view.held_s.get(plan.owner, 0.0)) > 0:
        return Wait(job, Reason.HELD_BACK, held_s)
    if (turn := _turn(plan, chance, view, now)) is not None:
        return Wait(job, Reason.NOT_OUR_TURN, now.seconds_until(plan, turn.until), turn.holder)
    intent = _intent(job, plan, chance, at, view, policy)
    if intent.bid.profit_wei < policy.fees.min_profit_wei:
        return Wait(job, Reason.UNPROFITABLE, patience_s(job, plan, now, policy))
    return intent


def _chance(plan: PlanView, job: Job) -> Chance | None:
    return next((one for one in chances(plan) if (one.action, one.index) == (job.due.action, job.due.index)), None)


def _turn(plan: PlanView, chance: Chance, view: View, now: Moment) -> Turn | None:
    """Runs without conditions and undos have turns; the owner needs none."""
    if chance.action not in (Action.RUN, Action.UNDO) or view.me == plan.owner:
        return None
    if chance.action is Action.RUN and plan.plan.steps[chance.index].conditions:
        return None
    turn = chance.index + (UNDO_TURN if chance.action is Action.UNDO else 0)
    return blocked_by(
        plan.id,
        plan.run,
        turn,
        view.me,
        view.seats,
        seconds_clock=plan.in_seconds,
        due=chance.at,
        at=now.at(plan),
        time_s=now.time_s,
    )


def _intent(job: Job, plan: PlanView, chance: Chance, at: int, view: View, policy: Policy) -> Intent:
    work = Work(plan.id, chance.action, chance.index)
    data = encode(plan, work)
    premium = plan.plan.entry.poke_fee_gwei
    if chance.action is Action.EXPIRE:
        frame = gas.expire_frame(len(data))
    else:
        step = plan.plan.steps[chance.index]
        if chance.action is Action.RUN:
            frame = gas.run_frame(step, len(data))
            premium = premium_gwei(step.fee_min_gwei, step.fee_max_gwei, step.ramp, at - chance.at)
        elif chance.action is Action.UNDO and step.undo is not None:
            frame = gas.undo_frame(step, len(data))
            premium = premium_gwei(step.undo.fee_min_gwei, step.undo.fee_max_gwei, step.ramp, at - chance.at)
        else:
            frame = gas.settle_frame(step, len(data))
    terms = Terms(
        gas=gas.BASE + 4 * tokens(data) + frame - gas.SPARE,
        premium_wei=premium * GWEI,
        cap_wei=plan.plan.entry.cap_wei,
        deposit_wei=plan.state.word.deposit_gwei * GWEI,
    )
    offer = bid(terms, view.market, policy.fees)
    if offer.min_pay_wei:
        data = encode(plan, work, offer.min_pay_wei)
    return Intent(job, work, chance.at, plan.in_seconds, data, frame, offer)
