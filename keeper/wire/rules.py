"""When what may happen to a plan: needs, windows, the decision, the next run (docs/protocol.md S1-S7).

Plain functions of a plan, of what a chain keeps of it, and of times in the plan's clock. What the contract would refuse
raises `Reverted` with the contract's own error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from keeper.wire.codec import encode_header, encode_step
from keeper.wire.contract_errors import Reverted
from keeper.wire.error_table import Code
from keeper.wire.errors import BadInput
from keeper.wire.hashing import plan_id, root
from keeper.wire.months import add_months, months_between
from keeper.wire.types import ChainEntry, Header, Join, PlanId, Status, Step, Value
from keeper.wire.word import PlanWord, lane, origin

DAY_S = 86_400
DAY_B = 7_200

VALUE_MOVES = {
    Value.PENDING: {Value.DONE, Value.SKIPPED, Value.FAILED},
    Value.DONE: {Value.UNDONE, Value.UNDO_FAILED},
    Value.SKIPPED: set(),
    Value.FAILED: set(),
    Value.UNDONE: set(),
    Value.UNDO_FAILED: set(),
}
"""How an own step's value may change inside one run. What is learnt of another chain's may take both moves at once."""

STATUS_MOVES = {
    Status.NOT_SCHEDULED: {Status.ACTIVE, Status.VOID},
    Status.ACTIVE: {Status.ABORTING, Status.FINISHING, Status.COMPLETED, Status.ABORTED},
    Status.ABORTING: {Status.ABORTED},
    Status.FINISHING: {Status.COMPLETED},
    Status.COMPLETED: {Status.ACTIVE},
    Status.ABORTED: {Status.ACTIVE},
    Status.VOID: set(),
}
"""How the status may change from one of a plan's events to the next; from a final one only as the next run begins."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as one chain sees it."""

    id: PlanId
    header: Header
    steps: tuple[Step, ...]
    entry: ChainEntry
    """This chain's."""
    own: int
    """Mask of this chain's steps."""

    @classmethod
    def of(cls, header: Header, steps: tuple[Step, ...], chain_id: int) -> Plan:
        """Raises `BadInput` if the plan has no steps on that chain."""
        entry = header.entry(chain_id)
        if entry is None:
            chains = ", ".join(str(entry.chain_id) for entry in header.chains)
            raise BadInput(f"the plan is on other chains: {chains}", field="chain", value=chain_id, remedy="choose one")
        id_ = plan_id(encode_header(header), root([encode_step(step) for step in steps]))
        return cls(id_, header, steps, entry, entry.mask)

    @property
    def day(self) -> int:
        """A day in the plan's clock."""
        return DAY_S if self.header.seconds_clock else DAY_B


@dataclass(frozen=True, slots=True)
class State:
    """All that a chain keeps of a plan."""

    word: PlanWord
    stamps: int = 0


UNSCHEDULED = State(PlanWord())


class Needs(NamedTuple):
    """Whether a step's needs are met, can no longer be met, and the mask of those not known yet."""

    met: bool
    failed: bool
    pending: int


class Window(NamedTuple):
    """opens <= now < closes."""

    opens: int
    closes: int


def needs_of(word: PlanWord, step: Step) -> Needs:
    """All fails as soon as one is known not Done; the other joins are decided when every need is known."""
    if step.needs == 0:
        return Needs(True, False, 0)
    done, pending = word.done & step.needs, step.needs & ~word.settled
    if step.join is Join.ALL_DONE:
        return Needs(done == step.needs, step.needs & ~done & ~pending != 0, pending)
    if pending:
        return Needs(False, False, pending)
    met = step.join is Join.SETTLED or (done != 0) == (step.join is Join.ANY_DONE)
    return Needs(met, not met, 0)


def window_of(plan: Plan, state: State, step: Step) -> Window:
    """From the run's start, from the latest stamp that the step names, or for a finally step from the last change."""
    if plan.header.final_mask & step.bit:
        base = state.word.changed
    elif step.since == 0:
        base = run_start(plan.header, state)
    else:
        pending = step.since & ~(state.word.settled & plan.header.stamped)
        if pending:
            raise Reverted(Code.NEEDS_PENDING, step.index, pending)
        named = [i for i in range(step.since.bit_length()) if step.since >> i & 1]
        base = max(lane(state.stamps, plan.header.lane(i)) for i in named)
    return Window(base + step.opens, base + step.closes)


def undo_window_of(plan: Plan, state: State, step: Step) -> Window:
    """S4: from the last change, once every dependent is known to be settled and is not (Done and undoable)."""
    word, undoable = state.word, plan.header.undoable
    if step.undo is None or not word.done & undoable & step.bit:
        raise Reverted(Code.SETTLED, step.index, word.value(step.index))
    if word.status is not Status.ABORTING:
        raise Reverted(Code.WRONG_STATUS, plan.id, word.status)
    blocking = step.undo.dependents & (~word.settled | (word.done & undoable))
    if blocking:
        raise Reverted(Code.DEPENDENTS_STAND, step.index, blocking)
    return Window(word.changed, word.changed + step.undo.window)


def is_finishing(plan: Plan, word: PlanWord) -> bool:
    """S5: finally steps run after commit, or after abort once own undos are settled."""
    if word.status is Status.ABORTING:
        return word.done & plan.own & plan.header.undoable == 0
    return word.status is Status.FINISHING


def is_on(plan: Plan, word: PlanWord, step: Step) -> bool:
    """Whether the step's part of the run is on."""
    if plan.header.forward_mask & step.bit:
        return word.status is Status.ACTIVE
    return is_finishing(plan, word)


def expires_at(plan: Plan, state: State) -> int:
    """S7: from when on anyone may end what nobody settled in this stage of the run."""
    active = state.word.status is Status.ACTIVE
    return (run_start(plan.header, state) if active else state.word.changed) + plan.header.length + plan.day


def voidable_at(plan: Plan) -> int:
    """X4: from when on anyone may void a plan that was never scheduled here."""
    header = plan.header
    once = header.runs == 1 and not header.relative_start
    return (header.start if once else header.schedule_by) + header.length + plan.day


def run_start(header: Header, state: State) -> int:
    """When the present run was due."""
    return due_of(header, origin(header, state.stamps), state.word.run)


def due_of(header: Header, origin_at: int, run: int) -> int:
    """When a run is due, if run 0 is due at `origin_at`."""
    if run == 0:
        return origin_at
    if header.monthly:
        return add_months(origin_at, run * header.interval)
    return origin_at + run * header.interval


# ---------------------------------------------------------------------- what follows from a change


def advance(plan: Plan, word: PlanWord, now: int) -> PlanWord:
    """S3, S5: the decision, the turn, and the end of a run, as they follow at once from the values."""
    word = replace(word, changed=now)
    header = plan.header
    if word.status is Status.ACTIVE:
        if word.failed & header.forward_mask:
            word = turned(plan, word)
        elif header.forward_mask & ~word.settled:
            return word
        else:
            word = replace(word, status=Status.FINISHING)
    if plan.own & header.final_mask & ~word.settled == 0:
        if word.status is Status.FINISHING:
            return replace(word, status=Status.COMPLETED)
        if word.status is Status.ABORTING and is_finishing(plan, word):
            return replace(word, status=Status.ABORTED)
    return word


def turned(plan: Plan, word: PlanWord) -> PlanWord:
    """An aborting run: own Pending forward steps are Skipped."""
    pending = plan.own & plan.header.forward_mask & ~word.settled
    return replace(word.with_value(pending, Value.SKIPPED), status=Status.ABORTING)


def recur(header: Header, word: PlanWord, origin_at: int, now: int) -> PlanWord:
    """S6: the next run, if `word` ends one and another follows; else `word`. Ticks that passed count as runs."""
    again = word.status is Status.ABORTED and not header.stop_on_abort and not word.cancelled
    run = word.run + 1
    if run >= header.runs or not (again or word.status is Status.COMPLETED):
        return word
    if due_of(header, origin_at, run) <= now:
        passed = months_between(origin_at, now) if header.monthly else now - origin_at
        run = passed // header.interval
        while due_of(header, origin_at, run) <= now:
            run += 1
        if run >= header.runs:
            return word
    return PlanWord(status=Status.ACTIVE, run=run, move=word.move, changed=now, deposit_gwei=word.deposit_gwei)
