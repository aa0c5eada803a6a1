"""The Scheduler's rules as an executable model: each function that changes a plan, over frozen values.

What the chain itself would answer is given: the words that conditions read (`words`, None where one cannot be read),
and whether a referee holds. Calls are taken to succeed. What the contract would refuse raises `Reverted` with its
error. Who may cancel, and payment, are outside: the deposit stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keeper.wire.contract_errors import Reverted
from keeper.wire.error_table import Code
from keeper.wire.hashing import UNDO_TURN
from keeper.wire.rules import (
    Plan,
    State,
    Window,
    advance,
    expires_at,
    is_on,
    needs_of,
    recur,
    turned,
    undo_window_of,
    voidable_at,
    window_of,
)
from keeper.wire.turns import Caller, require_turn
from keeper.wire.types import NOBODY, Address, Condition, Header, Op, Status, Step, Value
from keeper.wire.word import ORIGIN_LANE, PlanWord, origin, with_lane

ANYONE = Caller()
MAX_LANES = 8
SIGN = 1 << 255


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction left, and `ended`, the word before the next run began, if it did; else the same."""

    state: State
    ended: PlanWord


# ---------------------------------------------------------------------- owners


def schedule(plan: Plan, state: State, now: int, deposit_gwei: int = 0) -> Change:
    """The plan as it stands once scheduled."""
    if state.word.status is not Status.NOT_SCHEDULED:
        raise Reverted(Code.WRONG_STATUS, plan.id, state.word.status)
    require_sound(plan.header)
    if now > plan.header.schedule_by:
        raise Reverted(Code.SCHEDULE_BY_PASSED, plan.header.schedule_by, now)
    stamps = with_lane(0, ORIGIN_LANE, now + plan.header.start) if plan.header.relative_start else 0
    word = replace(state.word, status=Status.ACTIVE, changed=now, deposit_gwei=deposit_gwei).moved()
    return Change(State(word, stamps), word)


def require_sound(header: Header) -> None:
    """What a header must be so that the rules hold. Raises `Reverted`."""
    steps = header.forward + header.finals
    if header.forward == 0 or steps > 32:
        raise _malformed("steps", steps)
    if header.undoable & ~header.forward_mask:
        raise _malformed("undoable", header.undoable)
    if header.runs == 0 or (header.runs > 1 and header.interval == 0):
        raise _malformed("runs", header.runs)
    if header.monthly and not header.seconds_clock:
        raise _malformed("clock", 0)
    if header.stamped.bit_count() > MAX_LANES - header.relative_start:
        raise _malformed("stamped", header.stamped)
    if len(header.chains) > 1 and (not header.seconds_clock or header.relative_start or header.runs != 1):
        raise _malformed("chains", len(header.chains))
    seen = 0
    for entry in header.chains:
        if entry.mask & seen:
            raise _malformed("mask", entry.mask)
        seen |= entry.mask
    if seen != (1 << steps) - 1:
        raise _malformed("mask", seen)


def cancel(plan: Plan, state: State, now: int) -> Change:
    """S3: own Pending forward steps are Failed, and no run follows."""
    word = _scheduled(plan, state)
    if word.status is not Status.ACTIVE:
        raise Reverted(Code.WRONG_STATUS, plan.id, word.status)
    pending = plan.own & plan.header.forward_mask & ~word.settled
    if not pending:
        raise Reverted(Code.NOTHING_PENDING, plan.id)
    word = advance(plan, replace(word.with_value(pending, Value.FAILED), cancelled=True), now).moved()
    return Change(replace(state, word=word), word)


def void(plan: Plan, state: State, now: int, *, by_owner: bool = False) -> Change:
    """X4: refused for ever; own steps are Failed."""
    if state.word.status is not Status.NOT_SCHEDULED:
        raise Reverted(Code.WRONG_STATUS, plan.id, state.word.status)
    if not by_owner and now < voidable_at(plan):
        raise Reverted(Code.NOT_EXPIRED, voidable_at(plan))
    word = replace(state.word.with_value(plan.own, Value.FAILED), status=Status.VOID, changed=now).moved()
    return Change(replace(state, word=word), word)


# ---------------------------------------------------------------------- keepers


def run(
    plan: Plan, state: State, index: int, now: int, words: Sequence[int | None] = (), caller: Caller = ANYONE
) -> Change:
    """S1: the step is Done."""
    step = _own(plan, index)
    admit_run(plan, state, step, now, caller)
    _require_true(step, words)
    return _change(plan, state, state.word.with_value(step.bit, Value.DONE), now)


def admit_run(plan: Plan, state: State, step: Step, now: int, caller: Caller = ANYONE) -> Window:
    """S1 but conditions and calls. Returns the window; the step is due as it opens."""
    if step.claim:
        raise Reverted(Code.NOT_REFEREE, step.claim.referee, caller.address)
    window = _ready(plan, state, step, now)
    if now >= window.closes:
        raise Reverted(Code.WINDOW_CLOSED, step.index, window.closes, now)
    if not step.conditions and caller.address != plan.entry.owner:
        _require_turn(plan, state, step.index, caller, window.opens, now)
    return window


def undo(plan: Plan, state: State, index: int, now: int, caller: Caller = ANYONE) -> Change:
    """S4: the step is Undone."""
    step = _own(plan, index)
    admit_undo(plan, state, step, now, caller)
    return _change(plan, state, state.word.with_value(step.bit, Value.UNDONE), now)


def admit_undo(plan: Plan, state: State, step: Step, now: int, caller: Caller = ANYONE) -> Window:
    window = undo_window_of(plan, state, step)
    if now >= window.closes:
        raise Reverted(Code.WINDOW_CLOSED, step.index, window.closes, now)
    if caller.address != plan.entry.owner:
        _require_turn(plan, state, step.index + UNDO_TURN, caller, window.opens, now)
    return window


def settle(
    plan: Plan, state: State, index: int, now: int, words: Sequence[int | None] = (), *, held: bool = False
) -> Change:
    """S2, and the lapse of an undo: the step becomes what `verdict` says."""
    step = _own(plan, index)
    value = verdict(plan, state, step, now, words, held=held)
    return _change(plan, state, state.word.with_value(step.bit, value), now)


def verdict(
    plan: Plan, state: State, step: Step, now: int, words: Sequence[int | None] = (), *, held: bool = False
) -> Value:
    """What a step becomes without being run."""
    word = state.word
    if word.done & step.bit:
        closes = undo_window_of(plan, state, step).closes
        if now < closes:
            raise Reverted(Code.NOT_LAPSED, step.index, closes)
        return Value.UNDO_FAILED
    _require_pending(plan, state, step)
    needs = needs_of(word, step)
    if needs.failed:
        return Value.SKIPPED
    if needs.pending & plan.own:
        raise Reverted(Code.NEEDS_PENDING, step.index, needs.pending & plan.own)
    window = window_of(plan, state, step)
    over = now >= window.closes
    if needs.met and now >= window.opens and step.skip_if_false and _is_false(step, words, over=over):
        return Value.SKIPPED
    if not over:
        raise Reverted(Code.NOT_LAPSED, step.index, window.closes)
    if step.claim and held and now < window.closes + step.claim.hold:
        raise Reverted(Code.HELD, step.index, window.closes + step.claim.hold)
    return Value.SKIPPED if plan.header.optional & step.bit else Value.FAILED


def report(
    plan: Plan, state: State, index: int, now: int, outcome: Value, by: Address, words: Sequence[int | None] = ()
) -> Change:
    """A referee settles its claim, until closes + hold, and not while `settle` would skip it."""
    step = _own(plan, index)
    if outcome not in {Value.DONE, Value.FAILED}:
        raise _malformed("outcome", outcome)
    if step.claim is None or by != step.claim.referee:
        raise Reverted(Code.NOT_REFEREE, step.claim.referee if step.claim else NOBODY, by)
    closes = _ready(plan, state, step, now).closes + step.claim.hold
    if now >= closes:
        raise Reverted(Code.WINDOW_CLOSED, index, closes, now)
    if step.skip_if_false:
        _require_true(step, words)
    return _change(plan, state, state.word.with_value(step.bit, outcome), now)


def expire(plan: Plan, state: State, now: int) -> Change:
    """S7: own Pending forward steps of an active run end; else own undos that did not run, and own finally steps."""
    word = _scheduled(plan, state)
    if word.status not in {Status.ACTIVE, Status.ABORTING, Status.FINISHING}:
        raise Reverted(Code.WRONG_STATUS, plan.id, word.status)
    if now < expires_at(plan, state):
        raise Reverted(Code.NOT_EXPIRED, expires_at(plan, state))
    active, header = word.status is Status.ACTIVE, plan.header
    pending = plan.own & ~word.settled & (header.forward_mask if active else header.final_mask)
    failing = pending & ~header.optional if active else 0
    undoing = plan.own & header.undoable & word.done if word.status is Status.ABORTING else 0
    if not pending | undoing:
        raise Reverted(Code.NOTHING_PENDING, plan.id)
    word = word.with_value(pending & ~failing, Value.SKIPPED).with_value(failing, Value.FAILED)
    return _change(plan, state, word.with_value(undoing, Value.UNDO_FAILED), now)


def learn(plan: Plan, state: State, foreign: PlanWord, now: int) -> Change:
    """X3: values move from Pending to what is known there, from Done to its undo; an abort there is one here. A void
    there is one by its forward steps, which are Failed."""
    word = _scheduled(plan, state)
    if word.status is Status.VOID:
        raise Reverted(Code.WRONG_STATUS, plan.id, word.status)
    news = foreign.settled & ~plan.own & (~word.settled | (word.done & foreign.undone))
    for value in Value:
        word = word.with_value(news & foreign.mask(value), value)
    if word.status is Status.ACTIVE and foreign.status in {Status.ABORTING, Status.ABORTED}:
        word = turned(plan, word)
    elif not news:
        raise Reverted(Code.NO_NEWS, plan.id)
    return _change(plan, state, word, now)


# ---------------------------------------------------------------------- parts


def is_true(condition: Condition, word: int) -> bool:
    """`word op constant`, both 256 bits as they are on the chain."""
    a, b = (value ^ SIGN if condition.signed else value for value in (word, condition.constant))
    results = {Op.EQ: a == b, Op.NE: a != b, Op.LT: a < b, Op.LE: a <= b, Op.GT: a > b, Op.GE: a >= b}
    return results[condition.op]


def _require_true(step: Step, words: Sequence[int | None]) -> None:
    """Every condition is true, or it reverts with the first that is not."""
    for number, (condition, word) in enumerate(zip(step.conditions, words, strict=True)):
        if word is None:
            raise Reverted(Code.UNREADABLE, step.index, number)
        if not is_true(condition, word):
            op = condition.op | (8 if condition.signed else 0)
            read, wanted = word.to_bytes(32, "big"), condition.constant.to_bytes(32, "big")
            raise Reverted(Code.CONDITION_FALSE, step.index, number, op, read, wanted)


def _is_false(step: Step, words: Sequence[int | None], *, over: bool) -> bool:
    """Whether a condition is known to be false. One that cannot be read stops the answer while the window is open."""
    for number, (condition, word) in enumerate(zip(step.conditions, words, strict=True)):
        if word is not None and not is_true(condition, word):
            return True
        if word is None and not over:
            raise Reverted(Code.UNREADABLE, step.index, number)
    return False


def _scheduled(plan: Plan, state: State) -> PlanWord:
    if state.word.status is Status.NOT_SCHEDULED:
        raise Reverted(Code.WRONG_STATUS, plan.id, Status.NOT_SCHEDULED)
    return state.word


def _own(plan: Plan, index: int) -> Step:
    if not plan.own >> index & 1:
        raise Reverted(Code.WRONG_CHAIN, plan.entry.chain_id)
    return plan.steps[index]


def _require_pending(plan: Plan, state: State, step: Step) -> None:
    if state.word.settled & step.bit:
        raise Reverted(Code.SETTLED, step.index, state.word.value(step.index))
    if not is_on(plan, state.word, step):
        raise Reverted(Code.WRONG_STATUS, plan.id, state.word.status)


def _ready(plan: Plan, state: State, step: Step, now: int) -> Window:
    _require_pending(plan, state, step)
    needs = needs_of(state.word, step)
    if needs.failed:
        raise Reverted(Code.NEEDS_FAILED, step.index, step.needs)
    if not needs.met:
        raise Reverted(Code.NEEDS_PENDING, step.index, needs.pending)
    window = window_of(plan, state, step)
    if now < window.opens:
        raise Reverted(Code.TOO_EARLY, step.index, window.opens, now)
    return window


def _require_turn(plan: Plan, state: State, index: int, caller: Caller, due: int, now: int) -> None:
    seconds_clock = plan.header.seconds_clock
    require_turn(plan.id, state.word.run, index, caller, seconds_clock=seconds_clock, due=due, now=now)


def _change(plan: Plan, state: State, word: PlanWord, now: int) -> Change:
    """What follows from new values: stamps, the decision, the next run, each with an event of its own."""
    header, stamps = plan.header, state.stamps
    news = header.stamped & word.settled & ~state.word.settled
    for index in range(news.bit_length()):
        if news >> index & 1:
            stamps = with_lane(stamps, header.lane(index), now)
    ended = advance(plan, word, now).moved()
    following = recur(header, ended, origin(header, state.stamps), now)
    if following is not ended:
        following = following.moved()
    return Change(State(following, stamps), ended)


def _malformed(what: str, value: int) -> Reverted:
    return Reverted(Code.MALFORMED, what.encode().ljust(32, b"\0"), value)
