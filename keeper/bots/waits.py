"""What to do about a job whose work would be refused just now. Pure."""

from __future__ import annotations

from keeper.bots.chances import Action, PlanView
from keeper.bots.decide import Intent, Moment, Policy, Reason, Wait, patience_s
from keeper.bots.turns import Seats
from keeper.wire.contract_errors import ContractError
from keeper.wire.error_table import Code

_REASONS = {
    Code.CONDITION_FALSE: Reason.CONDITION_FALSE,
    Code.UNREADABLE: Reason.UNREADABLE,
    Code.READ_FAILED: Reason.UNREADABLE,
    Code.CALLS_FAILED: Reason.CALLS_FAIL,
    Code.NO_ACCOUNT: Reason.NO_ACCOUNT,
    Code.HELD: Reason.REFEREE_HOLDS,
    Code.PAYS_TOO_LITTLE: Reason.UNPROFITABLE,
    Code.TOO_EARLY: Reason.NOT_YET,
    Code.NOT_LAPSED: Reason.NOT_YET,
    Code.NOT_YOUR_TURN: Reason.NOT_OUR_TURN,
}
_TIMED = {Code.TOO_EARLY: "opensAt", Code.NOT_LAPSED: "until", Code.NOT_YOUR_TURN: "until"}
"""Refusals that say when they end."""
_OVERTAKEN = frozenset(
    {
        Code.SETTLED,
        Code.WRONG_STATUS,
        Code.NEEDS_FAILED,
        Code.NEEDS_PENDING,
        Code.WINDOW_CLOSED,
        Code.DEPENDENTS_STAND,
        Code.NOT_EXPIRED,
        Code.NOTHING_PENDING,
    }
)
"""Refusals that mean that somebody else has changed the plan, and its event is still on its way to us."""


def wait_after(intent: Intent, error: ContractError, plan: PlanView, seats: Seats, now: Moment, policy: Policy) -> Wait:
    """How long to leave the job alone after this refusal."""
    if error.code in _OVERTAKEN:
        return Wait(intent.job, Reason.GONE, now.block_s / 2)
    reason = _REASONS.get(error.code, Reason.REFUSED)
    if error.code not in _TIMED:
        return Wait(intent.job, reason, patience_s(intent.job, plan, now, policy))
    seat = seats.seats.get(error.values["seat"]) if reason is Reason.NOT_OUR_TURN else None
    for_s = now.seconds_until(plan, error.values[_TIMED[error.code]])
    return Wait(intent.job, reason, for_s, None if seat is None else seat.hot)


def settles(intent: Intent, error: ContractError, plan: PlanView) -> bool:
    """Whether the step is one that a false condition skips at once, and this was the reason."""
    if intent.work.action is not Action.RUN or error.code is not Code.CONDITION_FALSE:
        return False
    return plan.plan.steps[intent.work.index].skip_if_false
