"""Random histories of random plans: stamps, conditions, claims, undos, finally steps, many runs, passing time."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.wire.contract_errors import Reverted
from keeper.wire.machine import Change, cancel, expire, report, run, settle, undo
from keeper.wire.rules import STATUS_MOVES, VALUE_MOVES, Plan, State, expires_at, run_start
from keeper.wire.types import Join, Status, Step, Value
from keeper.wire.word import PlanWord, lane
from tests.unit.wire import draws
from tests.unit.wire.plans import IS_ONE, LENGTH, REFEREE, START, WINDOW, claim, plan, scheduled, step, undoable

LIVE = {Status.ACTIVE, Status.ABORTING, Status.FINISHING}
INTERVAL = 500


@st.composite
def plans(draw: st.DrawFn, runs: int = 4) -> Plan:
    """A plan of one chain that the compiler could make: `since` within `needs`, at most eight stamps."""
    forward, finals = draw(st.integers(1, 6)), draw(st.integers(0, 2))
    steps: list[Step] = []
    for index in range(forward + finals):
        needs = draw(st.integers(0, (1 << index) - 1))
        conditions = (IS_ONE,) * draw(st.integers(0, 2))
        opens = draw(st.integers(0, 40))
        fields = {
            "needs": needs,
            "join": draw(st.sampled_from(Join)),
            "since": needs & draw(draws.bits(6)) if index < forward else 0,
            "conditions": conditions,
            "skip_if_false": draw(st.booleans()) and bool(conditions),
            "opens": opens,
            "closes": opens + draw(st.integers(1, WINDOW)),
        }
        kind = draw(st.sampled_from([step, undoable, claim] if index < forward else [step, claim]))
        steps.append(kind(**fields))
    return plan(
        *steps,
        finals=finals,
        optional=draw(draws.bits(8)),
        runs=runs,
        interval=INTERVAL,
        stop_on_abort=draw(st.booleans()),
    )


def attempt(found: Plan, state: State, now: int, luck: random.Random) -> Change | None:
    """Something that may be tried at this moment; None if the contract would refuse."""
    index = luck.randrange(len(found.steps))
    one = found.steps[index]
    words = tuple(luck.choice((0, 1, 1, 1, None)) for _ in one.conditions)
    deed = luck.choices(("run", "settle", "undo", "report", "expire", "cancel"), (8, 4, 3, 3, 1, 0.1))[0]
    try:
        match deed:
            case "run":
                return run(found, state, index, now, words)
            case "settle":
                return settle(found, state, index, now, words, held=luck.random() < 0.5)
            case "undo":
                return undo(found, state, index, now)
            case "report":
                outcome = luck.choice((Value.DONE, Value.DONE, Value.FAILED))
                return report(found, state, index, now, outcome, REFEREE, words)
            case "expire":
                return expire(found, state, now)
            case _:
                return cancel(found, state, now)
    except Reverted:
        return None


def hold(found: Plan, before: State, change: Change, now: int) -> None:
    """What any change keeps."""
    old, ended, new = before.word, change.ended, change.state.word
    assert ended.move == old.move + 1
    assert ended.run == old.run
    assert ended.status is old.status or ended.status in STATUS_MOVES[old.status]
    assert ended.changed == new.changed == now
    assert ended.deposit_gwei == new.deposit_gwei == old.deposit_gwei
    changed = [(a, b) for a, b in zip(old.values, ended.values, strict=True) if a is not b]
    assert changed
    assert all(after in VALUE_MOVES[value] for value, after in changed)
    if new is ended:
        return
    assert ended.is_final
    assert not ended.cancelled
    assert new == PlanWord(
        status=Status.ACTIVE, run=new.run, move=old.move + 2, changed=now, deposit_gwei=old.deposit_gwei
    )
    assert old.run < new.run < found.header.runs
    assert run_start(found.header, change.state) > now, "the next run is in the future"
    assert run_start(found.header, change.state) - INTERVAL <= now or new.run == old.run + 1, "and it is the first such"


@settings(draws.quick, max_examples=60)
@given(plans(), st.randoms(use_true_random=False))
def test_every_history_keeps_the_rules(found: Plan, luck: random.Random) -> None:
    state, now = scheduled(found), START - 5
    for _ in range(60):
        now += luck.choice((0, 0, 1, 7, 30, 120))
        change = attempt(found, state, now, luck)
        if change is None:
            continue
        hold(found, state, change, now)
        if change.ended.status not in {Status.ABORTING, Status.ABORTED}:
            for one in found.steps:
                news = found.header.stamped & one.bit & change.ended.settled & ~state.word.settled
                kept = [lane(stamps, found.header.lane(one.index)) for stamps in (state.stamps, change.state.stamps)]
                assert kept[1] == (now if news else kept[0]) or not found.header.stamped & one.bit
        state = change.state


@settings(draws.quick, max_examples=60)
@given(plans(runs=2), st.randoms(use_true_random=False))
def test_whatever_happened_anyone_can_end_it(found: Plan, luck: random.Random) -> None:
    """S7: from any state, a run of one chain is final after at most two calls of `expire`."""
    state, now = scheduled(found), START - 5
    for _ in range(luck.randrange(30)):
        now += luck.choice((0, 0, 1, 7, 30, 120))
        change = attempt(found, state, now, luck)
        state = change.state if change else state
    for _ in range(4):
        if state.word.status not in LIVE:
            break
        now = max(now, expires_at(found, state))
        change = expire(found, state, now)
        hold(found, state, change, now)
        state = change.state
    assert state.word.is_final


@settings(draws.quick, max_examples=60)
@given(plans(runs=1), st.randoms(use_true_random=False))
def test_poke_order_never_changes_a_decision(found: Plan, luck: random.Random) -> None:
    """Once every window is over, with conditions as they are: whoever settles first, the decision is the same."""
    state, now = scheduled(found), START
    for _ in range(luck.randrange(12)):
        now += luck.choice((0, 1, 7, 30))
        change = attempt(found, state, now, luck)
        state = change.state if change else state
    facts = {one.index: tuple(luck.choice((0, 1, None)) for _ in one.conditions) for one in found.steps}
    decisions = set()
    for _ in range(6):
        after, late = state, now
        while after.word.status is Status.ACTIVE:
            late += LENGTH  # a window may have begun with the step settled last
            order = list(range(found.header.forward))
            luck.shuffle(order)
            for index in order:
                try:
                    after = settle(found, after, index, late, facts[index]).state
                    break
                except Reverted:
                    continue
            else:
                raise AssertionError("nobody can settle anything")
        decisions.add((after.word.failed & found.header.forward_mask == 0, after.word.done))
    assert len(decisions) == 1


@draws.quick
@given(plans(), st.integers(START, START + 10_000), st.integers(0, 10_000))
def test_waiting_alone_changes_no_verdict_once_a_window_is_over(found: Plan, now: int, more: int) -> None:
    """What a lapse makes of a step does not depend on when it is settled."""
    state = scheduled(found)
    for one in found.steps[: found.header.forward]:
        words = (1,) * len(one.conditions)
        try:
            first = settle(found, state, one.index, now, words)
        except Reverted:
            continue
        again = settle(found, state, one.index, now + more, words)
        assert replace(again.ended, changed=0) == replace(first.ended, changed=0)
