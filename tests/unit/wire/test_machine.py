"""The rules one by one: S1 to S7, X1 to X4, each refusal with the contract's own error and values."""

from __future__ import annotations

from dataclasses import replace
from operator import eq, ge, gt, le, lt, ne

import pytest

from keeper.wire.contract_errors import ContractError, Reverted
from keeper.wire.error_table import Code
from keeper.wire.hashing import turn
from keeper.wire.machine import (
    ANYONE,
    cancel,
    expire,
    is_true,
    learn,
    report,
    require_sound,
    run,
    schedule,
    settle,
    undo,
    void,
)
from keeper.wire.rules import DAY_B, DAY_S, UNSCHEDULED, Plan, due_of, needs_of
from keeper.wire.turns import WINDOW_S, Caller, premium_gwei
from keeper.wire.types import NOBODY, Address, ChainEntry, Header, Join, Op, Status, Value
from keeper.wire.word import PlanWord, lane
from tests.unit.wire.plans import (
    HERE,
    IS_ONE,
    LENGTH,
    OWNER,
    REFEREE,
    START,
    THERE,
    UNDO_WINDOW,
    WINDOW,
    claim,
    letters,
    plan,
    scheduled,
    step,
    undoable,
    why_not,
    with_values,
)

LATE = START + WINDOW


def error(code: Code, *values: object) -> ContractError:
    return ContractError(code, values)


# ---------------------------------------------------------------------- scheduling


def test_a_plan_is_scheduled_once_and_in_time() -> None:
    one = plan(step())
    change = schedule(one, UNSCHEDULED, START, deposit_gwei=7)
    word = change.state.word
    assert word == PlanWord(status=Status.ACTIVE, move=1, changed=START, deposit_gwei=7) == change.ended
    assert why_not(schedule, one, change.state, START) == error(Code.WRONG_STATUS, one.id, Status.ACTIVE)
    assert why_not(schedule, one, UNSCHEDULED, START + 1) == error(Code.SCHEDULE_BY_PASSED, START, START + 1)


def test_a_relative_start_counts_from_scheduling() -> None:
    one = plan(step(), relative_start=True, start=30, schedule_by=START)
    state = scheduled(one, now=500)
    assert lane(state.stamps, 7) == 530
    assert why_not(run, one, state, 0, 529) == error(Code.TOO_EARLY, 0, 530, 529)
    assert letters(one, run(one, state, 0, 530).state) == "D"


def header_with(**fields: object) -> Header:
    return replace(plan(step(), step()).header, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "what", "value"),
    [
        (header_with(forward=0), "steps", 0),
        (header_with(forward=30, finals=3), "steps", 33),
        (header_with(undoable=4), "undoable", 4),
        (header_with(runs=0), "runs", 0),
        (header_with(runs=2), "runs", 2),
        (header_with(monthly=True, seconds_clock=False), "clock", 0),
        (header_with(stamped=0x1FF), "stamped", 0x1FF),
        (header_with(stamped=0xFF, relative_start=True), "stamped", 0xFF),
        (header_with(forward=1), "mask", 3),
        (header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 3, OWNER))), "mask", 3),
        (header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 0, OWNER))), "mask", 1),
        (header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 2, OWNER)), seconds_clock=False), "chains", 2),
        (header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 2, OWNER)), relative_start=True), "chains", 2),
        (header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 2, OWNER)), runs=2, interval=9), "chains", 2),
    ],
)
def test_a_header_that_breaks_the_rules_is_not_scheduled(header: Header, what: str, value: int) -> None:
    with pytest.raises(Reverted) as refused:
        require_sound(header)
    assert refused.value.error == error(Code.MALFORMED, what.encode().ljust(32, b"\0"), value)


def test_sound_headers_are_scheduled() -> None:
    require_sound(header_with(stamped=0x7F, relative_start=True))
    require_sound(header_with(stamped=0xFF))
    require_sound(header_with(runs=2, interval=1, monthly=True))
    require_sound(header_with(chains=(ChainEntry(1, 1, OWNER), ChainEntry(2, 2, OWNER))))


# ---------------------------------------------------------------------- S1


def test_a_step_runs_inside_its_window_only() -> None:
    one = plan(step(opens=10, closes=20))
    state = scheduled(one)
    assert why_not(run, one, state, 0, START + 9) == error(Code.TOO_EARLY, 0, START + 10, START + 9)
    assert why_not(run, one, state, 0, START + 10) is None
    assert why_not(run, one, state, 0, START + 19) is None
    assert why_not(run, one, state, 0, START + 20) == error(Code.WINDOW_CLOSED, 0, START + 20, START + 20)


def test_a_step_runs_once_and_on_its_own_chain() -> None:
    one = plan(step(), step(), there=2)
    assert why_not(run, one, UNSCHEDULED, 0, START) == error(Code.WRONG_STATUS, one.id, Status.NOT_SCHEDULED)
    state = run(one, scheduled(one), 0, START).state
    assert letters(one, state) == "DP"
    assert why_not(run, one, state, 0, START) == error(Code.SETTLED, 0, Value.DONE)
    assert why_not(run, one, state, 1, START) == error(Code.WRONG_CHAIN, HERE)


def test_conditions_must_be_true() -> None:
    one = plan(step(conditions=(IS_ONE, replace(IS_ONE, op=Op.LT, constant=2**256 - 1, signed=True))))
    state = scheduled(one)
    one_b, two_b, minus_b = (value.to_bytes(32, "big") for value in (1, 2, 2**256 - 1))
    assert why_not(run, one, state, 0, START, (1, 2**256 - 2)) is None
    assert why_not(run, one, state, 0, START, (2, 0)) == error(Code.CONDITION_FALSE, 0, 0, 0, two_b, one_b)
    assert why_not(run, one, state, 0, START, (1, 1)) == error(Code.CONDITION_FALSE, 0, 1, 10, one_b, minus_b)
    assert why_not(run, one, state, 0, START, (1, None)) == error(Code.UNREADABLE, 0, 1)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("op", Op)
def test_words_are_compared_as_the_operator_says(op: Op, signed: bool) -> None:
    numbers = [-(2**255), -1, 0, 1, 2**255 - 1] if signed else [0, 1, 2**255 - 1, 2**255, 2**256 - 1]
    meant = {Op.EQ: eq, Op.NE: ne, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}
    for a in numbers:
        for b in numbers:
            condition = replace(IS_ONE, op=op, constant=b % 2**256, signed=signed)
            assert is_true(condition, a % 2**256) == meant[op](a, b)


def test_a_window_may_count_from_stamps() -> None:
    one = plan(step(), step(), step(needs=3, since=3, opens=5, closes=10), optional=2)
    state = run(one, scheduled(one), 0, START + 30).state
    assert why_not(run, one, state, 2, START + 40) == error(Code.NEEDS_PENDING, 2, 2)
    state = run(one, state, 1, START + 50).state
    assert [lane(state.stamps, number) for number in range(3)] == [START + 30, START + 50, 0]
    assert why_not(run, one, state, 2, START + 54) == error(Code.TOO_EARLY, 2, START + 55, START + 54)
    assert why_not(run, one, state, 2, START + 55) is None
    assert why_not(run, one, state, 2, START + 60) == error(Code.WINDOW_CLOSED, 2, START + 60, START + 60)


# ---------------------------------------------------------------------- needs


@pytest.mark.parametrize(
    ("join", "values", "needs"),
    [
        (Join.ALL_DONE, "PP", (False, False, 3)),
        (Join.ALL_DONE, "DP", (False, False, 2)),
        (Join.ALL_DONE, "DD", (True, False, 0)),
        (Join.ALL_DONE, "SP", (False, True, 2)),
        (Join.ALL_DONE, "UD", (False, True, 0)),
        (Join.ANY_DONE, "DP", (False, False, 2)),
        (Join.ANY_DONE, "DS", (True, False, 0)),
        (Join.ANY_DONE, "SS", (False, True, 0)),
        (Join.ANY_DONE, "XU", (False, True, 0)),
        (Join.NONE_DONE, "SP", (False, False, 2)),
        (Join.NONE_DONE, "SS", (True, False, 0)),
        (Join.NONE_DONE, "SD", (False, True, 0)),
        (Join.NONE_DONE, "UX", (True, False, 0)),
        (Join.SETTLED, "FP", (False, False, 2)),
        (Join.SETTLED, "FS", (True, False, 0)),
    ],
)
def test_needs(join: Join, values: str, needs: tuple[bool, bool, int]) -> None:
    one = plan(step(), step(), step(needs=3, join=join))
    state = with_values(scheduled(one), values)
    assert needs_of(state.word, one.steps[2]) == needs
    refusal = why_not(run, one, state, 2, START)
    if needs[0]:
        assert refusal is None
    elif needs[1]:
        assert refusal == error(Code.NEEDS_FAILED, 2, 3)
    else:
        assert refusal == error(Code.NEEDS_PENDING, 2, needs[2])


# ---------------------------------------------------------------------- S2


def test_settle_skips_what_can_no_longer_run_at_any_time() -> None:
    one = plan(step(), step(needs=1, opens=50), optional=1)
    state = settle(one, scheduled(one), 0, LATE).state
    assert letters(one, settle(one, state, 1, START).state) == "SS"


def test_settle_lapses_a_window_that_is_over() -> None:
    one = plan(step(), step(), optional=2)
    state = scheduled(one)
    assert why_not(settle, one, state, 0, LATE - 1) == error(Code.NOT_LAPSED, 0, LATE)
    assert letters(one, settle(one, state, 1, LATE).state) == "PS"
    failed = settle(one, state, 0, LATE).state
    assert letters(one, failed) == "FS"
    assert failed.word.status is Status.ABORTED


def test_own_needs_are_settled_first() -> None:
    one = plan(step(), step(needs=1))
    assert why_not(settle, one, scheduled(one), 1, LATE) == error(Code.NEEDS_PENDING, 1, 1)


def test_doubt_about_another_chain_does_not_stop_a_lapse() -> None:
    one = plan(step(), step(needs=1), there=1)
    assert letters(one, settle(one, scheduled(one), 1, LATE).state) == "PF"


def test_a_false_condition_may_skip_once_the_step_could_run() -> None:
    waiting = plan(step(conditions=(IS_ONE,), opens=10), step())
    skipping = plan(step(conditions=(IS_ONE, IS_ONE), opens=10, skip_if_false=True), step())
    state = scheduled(skipping)
    assert why_not(settle, waiting, state, 0, START + 10, (0,)) == error(Code.NOT_LAPSED, 0, LATE)
    assert why_not(settle, skipping, state, 0, START + 9, (1, 0)) == error(Code.NOT_LAPSED, 0, LATE)
    assert why_not(settle, skipping, state, 0, START + 10, (1, 1)) == error(Code.NOT_LAPSED, 0, LATE)
    assert why_not(settle, skipping, state, 0, START + 10, (None, 0)) == error(Code.UNREADABLE, 0, 0)
    assert letters(skipping, settle(skipping, state, 0, START + 10, (0, None)).state) == "SP"
    assert letters(skipping, settle(skipping, state, 0, LATE, (None, 0)).state) == "SP"
    assert letters(skipping, settle(skipping, state, 0, LATE, (None, 1)).state) == "FS"
    assert letters(waiting, settle(waiting, state, 0, LATE, (0,)).state) == "FS"


def test_a_false_condition_of_a_step_whose_needs_are_unknown_skips_nothing() -> None:
    one = plan(step(), step(needs=1, conditions=(IS_ONE,), skip_if_false=True), there=1)
    state = scheduled(one)
    assert why_not(settle, one, state, 1, START, (0,)) == error(Code.NOT_LAPSED, 1, LATE)
    assert letters(one, settle(one, state, 1, LATE, (0,)).state) == "PF"


def test_a_referee_may_hold_a_lapse() -> None:
    one = plan(claim(hold=20), step())
    state = scheduled(one)
    assert why_not(settle, one, state, 0, LATE + 19, held=True) == error(Code.HELD, 0, LATE + 20)
    assert why_not(settle, one, state, 0, LATE + 19) is None
    assert why_not(settle, one, state, 0, LATE + 20, held=True) is None
    assert why_not(settle, one, state, 1, LATE, held=True) is None


def test_a_claim_is_settled_by_its_referee_alone() -> None:
    one = plan(claim(hold=20, opens=5), step())
    state = scheduled(one)
    stranger = Address(b"\x99" * 20)
    assert why_not(run, one, state, 0, START + 5) == error(Code.NOT_REFEREE, REFEREE, NOBODY)
    assert why_not(report, one, state, 0, START + 5, Value.DONE, stranger) == error(Code.NOT_REFEREE, REFEREE, stranger)
    assert why_not(report, one, state, 1, START + 5, Value.DONE, REFEREE) == error(Code.NOT_REFEREE, NOBODY, REFEREE)
    malformed = error(Code.MALFORMED, b"outcome".ljust(32, b"\0"), Value.SKIPPED)
    assert why_not(report, one, state, 0, START + 5, Value.SKIPPED, REFEREE) == malformed
    early = error(Code.TOO_EARLY, 0, START + 5, START)
    assert why_not(report, one, state, 0, START, Value.DONE, REFEREE) == early
    closed = error(Code.WINDOW_CLOSED, 0, LATE + 20, LATE + 20)
    assert why_not(report, one, state, 0, LATE + 20, Value.DONE, REFEREE) == closed
    assert letters(one, report(one, state, 0, LATE + 19, Value.DONE, REFEREE).state) == "DP"
    assert letters(one, report(one, state, 0, START + 5, Value.FAILED, REFEREE).state) == "FS"


def test_a_claim_is_not_reported_while_it_would_be_skipped() -> None:
    one = plan(claim(conditions=(IS_ONE,), skip_if_false=True), claim(conditions=(IS_ONE,)))
    state = scheduled(one)
    one_b, no_b = (value.to_bytes(32, "big") for value in (1, 0))
    false = error(Code.CONDITION_FALSE, 0, 0, 0, no_b, one_b)
    assert why_not(report, one, state, 0, START, Value.DONE, REFEREE, (0,)) == false
    assert why_not(report, one, state, 0, START, Value.DONE, REFEREE, (None,)) == error(Code.UNREADABLE, 0, 0)
    assert why_not(report, one, state, 0, START, Value.DONE, REFEREE, (1,)) is None
    assert why_not(report, one, state, 1, START, Value.DONE, REFEREE, (0,)) is None


# ---------------------------------------------------------------------- S3


def test_a_run_without_failures_commits() -> None:
    one = plan(step(), step(), optional=2)
    state = run(one, scheduled(one), 0, START).state
    assert state.word.status is Status.ACTIVE
    assert settle(one, state, 1, LATE).state.word.status is Status.COMPLETED


def test_cancel_fails_what_is_pending_and_ends_the_plan() -> None:
    one = plan(undoable(), step(), step(), finals=1, runs=5, interval=1_000)
    state = run(one, scheduled(one), 0, START).state
    state = cancel(one, state, START + 1).state
    assert letters(one, state) == "DFP"
    assert (state.word.status, state.word.cancelled) == (Status.ABORTING, True)
    assert why_not(cancel, one, state, START) == error(Code.WRONG_STATUS, one.id, Status.ABORTING)
    state = undo(one, state, 0, START + 2).state
    state = run(one, state, 2, START + 3).state
    assert letters(one, state) == "UFD"
    assert state.word.status is Status.ABORTED


def test_there_is_something_to_cancel_only_while_an_own_step_is_pending() -> None:
    one = plan(step(), step(), there=2)
    state = run(one, scheduled(one), 0, START).state
    assert why_not(cancel, one, state, START) == error(Code.NOTHING_PENDING, one.id)
    assert why_not(cancel, one, UNSCHEDULED, START) == error(Code.WRONG_STATUS, one.id, Status.NOT_SCHEDULED)


def test_nothing_runs_once_the_run_has_turned() -> None:
    one = plan(undoable(), step(), step())
    state = cancel(one, run(one, scheduled(one), 0, START).state, START).state
    assert why_not(run, one, state, 1, START) == error(Code.SETTLED, 1, Value.FAILED)
    foreign = plan(undoable(), step(), step(), there=4)
    turned = cancel(foreign, run(foreign, scheduled(foreign), 0, START).state, START).state
    assert letters(foreign, turned) == "DFP"


# ---------------------------------------------------------------------- S4


def test_undos_run_last_first() -> None:
    one = plan(undoable(), undoable(needs=1), undoable(needs=2), step())
    state = scheduled(one)
    for index in (0, 1, 2):
        assert why_not(undo, one, state, index, START) == error(Code.SETTLED, index, Value.PENDING)
        state = run(one, state, index, START).state
    assert why_not(undo, one, state, 2, START) == error(Code.WRONG_STATUS, one.id, Status.ACTIVE)
    state = settle(one, state, 3, LATE).state
    assert why_not(undo, one, state, 0, LATE) == error(Code.DEPENDENTS_STAND, 0, 0b110)
    assert why_not(settle, one, state, 1, LATE + 999) == error(Code.DEPENDENTS_STAND, 1, 0b100)
    for index in (2, 1, 0):
        assert state.word.status is Status.ABORTING
        state = undo(one, state, index, LATE).state
    assert letters(one, state) == "UUUF"
    assert state.word.status is Status.ABORTED


def test_an_undo_has_a_window_from_the_last_change() -> None:
    one = plan(undoable(), undoable(), step())
    state = run(one, run(one, scheduled(one), 0, START).state, 1, START).state
    state = settle(one, state, 2, LATE).state
    over = LATE + UNDO_WINDOW
    assert why_not(undo, one, state, 0, over) == error(Code.WINDOW_CLOSED, 0, over, over)
    assert why_not(settle, one, state, 0, over - 1) == error(Code.NOT_LAPSED, 0, over)
    state = undo(one, state, 1, over - 1).state
    assert why_not(undo, one, state, 0, over + UNDO_WINDOW - 2) is None
    assert letters(one, settle(one, state, 0, over + UNDO_WINDOW - 1).state) == "XUF"


def test_what_has_no_undo_stays_done() -> None:
    one = plan(step(), step())
    state = settle(one, run(one, scheduled(one), 0, START).state, 1, LATE).state
    assert letters(one, state) == "DF"
    assert state.word.status is Status.ABORTED
    assert why_not(undo, one, state, 0, LATE) == error(Code.SETTLED, 0, Value.DONE)
    assert why_not(settle, one, state, 0, LATE) == error(Code.SETTLED, 0, Value.DONE)


# ---------------------------------------------------------------------- S5


def test_finally_steps_run_after_commit_from_the_last_change() -> None:
    one = plan(step(), step(opens=5, closes=10), finals=1)
    state = scheduled(one)
    assert why_not(run, one, state, 1, START + 5) == error(Code.WRONG_STATUS, one.id, Status.ACTIVE)
    assert why_not(settle, one, state, 1, LATE) == error(Code.WRONG_STATUS, one.id, Status.ACTIVE)
    state = run(one, state, 0, START + 50).state
    assert state.word.status is Status.FINISHING
    assert why_not(run, one, state, 1, START + 54) == error(Code.TOO_EARLY, 1, START + 55, START + 54)
    assert run(one, state, 1, START + 55).state.word.status is Status.COMPLETED
    lapsed = settle(one, state, 1, START + 60).state
    assert letters(one, lapsed) == "DF"
    assert lapsed.word.status is Status.COMPLETED


def test_finally_steps_wait_for_own_undos() -> None:
    one = plan(undoable(), step(), step(), finals=1)
    state = settle(one, run(one, scheduled(one), 0, START).state, 1, LATE).state
    assert why_not(run, one, state, 2, LATE) == error(Code.WRONG_STATUS, one.id, Status.ABORTING)
    state = undo(one, state, 0, LATE).state
    assert state.word.status is Status.ABORTING
    assert run(one, state, 2, LATE).state.word.status is Status.ABORTED


def test_a_finally_step_sees_what_is_still_done() -> None:
    cleanup = step(needs=1)
    one = plan(undoable(), step(), cleanup, finals=1)
    state = settle(one, run(one, scheduled(one), 0, START).state, 1, LATE).state
    state = undo(one, state, 0, LATE).state
    assert why_not(run, one, state, 2, LATE) == error(Code.NEEDS_FAILED, 2, 1)
    assert letters(one, settle(one, state, 2, LATE).state) == "UFS"


def test_an_optional_finally_step_lapses_to_skipped() -> None:
    one = plan(step(), step(), finals=1, optional=2)
    state = run(one, scheduled(one), 0, START).state
    assert letters(one, settle(one, state, 1, START + WINDOW).state) == "DS"


# ---------------------------------------------------------------------- S6


def recurring(**fields: object) -> Plan:
    return plan(step(), **{"runs": 5, "interval": 1_000, **fields})


def test_the_next_run_begins_in_the_same_transaction() -> None:
    one = recurring()
    change = run(one, scheduled(one), 0, START + 5)
    assert change.ended.status is Status.COMPLETED
    assert (change.ended.run, change.ended.move) == (0, 2)
    word = change.state.word
    assert word == PlanWord(status=Status.ACTIVE, run=1, move=3, changed=START + 5, deposit_gwei=1_000)
    assert why_not(run, one, change.state, 0, START + 999) == error(Code.TOO_EARLY, 0, START + 1_000, START + 999)


def test_missed_ticks_count_as_runs_and_nothing_drifts() -> None:
    one = recurring(optional=1)
    assert settle(one, scheduled(one), 0, START + 999).state.word.run == 1
    assert settle(one, scheduled(one), 0, START + 1_000).state.word.run == 2, "what is due now is passed"
    state = settle(one, scheduled(one), 0, START + 2_000).state
    assert state.word.run == 3, "what is due now is passed"
    state = settle(one, state, 0, START + 3_999).state
    assert state.word.run == 4
    assert settle(one, state, 0, START + 9_999).state.word.status is Status.COMPLETED


def test_no_run_follows_the_last() -> None:
    one = recurring(optional=1)
    assert settle(one, scheduled(one), 0, START + 4_000).state.word.status is Status.COMPLETED
    assert settle(one, scheduled(one), 0, START + 3_999).state.word.run == 4


@pytest.mark.parametrize(("stops", "status"), [(True, Status.ABORTED), (False, Status.ACTIVE)])
def test_an_aborted_run_may_be_the_last(stops: bool, status: Status) -> None:
    one = recurring(stop_on_abort=stops)
    change = settle(one, scheduled(one), 0, LATE)
    assert change.ended.status is Status.ABORTED
    assert change.state.word.status is status


def test_a_cancelled_plan_has_no_next_run() -> None:
    one = recurring()
    state = run(one, scheduled(one), 0, START).state
    state = cancel(one, state, START + 500).state
    assert (state.word.status, state.word.run, letters(one, state)) == (Status.ABORTED, 1, "F")


def test_months_clamp_to_their_last_day_and_come_back() -> None:
    at = 1_801_407_600  # 2027-01-31 15:00 UTC
    header = replace(recurring().header, start=at, monthly=True, interval=1, runs=4)
    days = [(due_of(header, at, run_) - at) / 86_400 for run_ in range(4)]
    assert days == [0, 28, 59, 89]


# ---------------------------------------------------------------------- S7


def test_expire_ends_forward_steps_after_a_day() -> None:
    one = plan(undoable(), step(), step(), optional=2)
    state = run(one, scheduled(one), 0, START).state
    at = START + LENGTH + DAY_S
    assert why_not(expire, one, state, at - 1) == error(Code.NOT_EXPIRED, at)
    assert letters(one, expire(one, state, at).state) == "DSF"


def test_expire_counts_a_day_in_the_plans_clock_and_from_its_run() -> None:
    blocks = plan(step(), seconds_clock=False)
    assert why_not(expire, blocks, scheduled(blocks), START) == error(Code.NOT_EXPIRED, START + LENGTH + DAY_B)
    again = recurring()
    state = run(again, scheduled(again), 0, START).state
    assert why_not(expire, again, state, START) == error(Code.NOT_EXPIRED, START + 1_000 + LENGTH + DAY_S)


def test_expire_ends_undos_and_finally_steps_after_another_day() -> None:
    one = plan(undoable(), step(), step(), finals=1)
    state = settle(one, run(one, scheduled(one), 0, START).state, 1, LATE).state
    at = LATE + LENGTH + DAY_S
    assert why_not(expire, one, state, at - 1) == error(Code.NOT_EXPIRED, at)
    state = expire(one, state, at).state
    assert letters(one, state) == "XFS"
    assert state.word.status is Status.ABORTED
    assert why_not(expire, one, state, at) == error(Code.WRONG_STATUS, one.id, Status.ABORTED)


def test_expire_settles_own_steps_only() -> None:
    one = plan(step(), step(), there=2)
    at = START + LENGTH + DAY_S
    state = run(one, scheduled(one), 0, START).state
    assert why_not(expire, one, state, at) == error(Code.NOTHING_PENDING, one.id)
    assert letters(one, expire(one, scheduled(one), at).state) == "FP"


# ---------------------------------------------------------------------- X


def test_an_abort_elsewhere_is_an_abort_here() -> None:
    one, other = plan(undoable(), step(), step(), there=4), plan(undoable(), step(), step(), there=4, at=THERE)
    mine = run(one, scheduled(one), 0, START).state
    theirs = settle(other, scheduled(other), 2, LATE).state
    mine = learn(one, mine, theirs.word, LATE).state
    assert letters(one, mine) == "DSF"
    assert mine.word.status is Status.ABORTING
    assert why_not(learn, one, mine, theirs.word, LATE) == error(Code.NO_NEWS, one.id)


def test_an_abort_is_news_by_itself() -> None:
    one = plan(step(), step(), there=2)
    state = learn(one, scheduled(one), PlanWord(status=Status.ABORTED), START).state
    assert letters(one, state) == "SP"
    assert state.word.status is Status.ABORTED


def test_a_void_elsewhere_is_an_abort_by_its_forward_steps_alone() -> None:
    for finals, values, status in ((0, "SF", Status.ABORTED), (1, "PF", Status.ACTIVE)):
        one, other = (plan(step(), step(), finals=finals, there=2, at=at) for at in (HERE, THERE))
        theirs = void(other, UNSCHEDULED, LATE, by_owner=True).state
        state = learn(one, scheduled(one), theirs.word, LATE).state
        assert (letters(one, state), state.word.status) == (values, status)


def test_values_are_learnt_of_third_chains_too_but_never_of_own_steps() -> None:
    one = plan(step(), step(), there=2)
    foreign = PlanWord(status=Status.ACTIVE).with_values((Value.DONE, Value.DONE))
    state = learn(one, scheduled(one), foreign, START).state
    assert letters(one, state) == "PD"


def test_values_that_are_learnt_only_move_forward() -> None:
    one = plan(step(), undoable(), there=2)
    done, undone, failed = (
        PlanWord(status=Status.ABORTING).with_value(2, value) for value in (Value.DONE, Value.UNDONE, Value.FAILED)
    )
    state = learn(one, scheduled(one), done, START).state
    assert why_not(learn, one, state, failed, START) == error(Code.NO_NEWS, one.id)
    state = learn(one, state, undone, START).state
    assert letters(one, state) == "SU"
    assert why_not(learn, one, state, done, START) == error(Code.NO_NEWS, one.id)


def test_a_finally_step_that_failed_elsewhere_decides_nothing() -> None:
    one = plan(step(), step(), step(), finals=1, there=0b110)
    foreign = PlanWord(status=Status.COMPLETED).with_values((Value.PENDING, Value.DONE, Value.FAILED))
    state = learn(one, scheduled(one), foreign, START).state
    assert (letters(one, state), state.word.status) == ("PDF", Status.ACTIVE)
    assert run(one, state, 0, START).state.word.status is Status.COMPLETED


def test_facts_are_accepted_by_final_plans_and_change_no_decision() -> None:
    one = plan(step(), undoable(), there=2)
    state = learn(one, scheduled(one), PlanWord(status=Status.ABORTED), START).state
    assert state.word.status is Status.ABORTED
    state = learn(one, state, PlanWord(status=Status.ABORTED).with_value(2, Value.UNDONE), START + 9).state
    assert (letters(one, state), state.word.status, state.word.changed) == ("SU", Status.ABORTED, START + 9)


def test_a_plan_never_scheduled_here_can_be_voided() -> None:
    one = plan(step(), step(), there=2)
    at = START + LENGTH + DAY_S
    assert why_not(void, one, UNSCHEDULED, at - 1) == error(Code.NOT_EXPIRED, at)
    for state in (void(one, UNSCHEDULED, at).state, void(one, UNSCHEDULED, 5, by_owner=True).state):
        assert letters(one, state) == "FP"
        wrong = error(Code.WRONG_STATUS, one.id, Status.VOID)
        assert why_not(schedule, one, state, 5) == why_not(void, one, state, at) == wrong
        assert why_not(learn, one, state, PlanWord(status=Status.ABORTED), 5) == wrong
    relative = plan(step(), relative_start=True, start=5, schedule_by=START)
    assert why_not(void, relative, UNSCHEDULED, 0) == error(Code.NOT_EXPIRED, at)
    again = recurring(schedule_by=START + 7_000)
    assert why_not(void, again, UNSCHEDULED, 0) == error(Code.NOT_EXPIRED, at + 7_000)


def test_doubt_about_others_waits_without_limit() -> None:
    one = plan(step(), step(), there=2)
    state = run(one, scheduled(one), 0, START).state
    assert state.word.status is Status.ACTIVE
    assert learn(one, state, PlanWord(status=Status.ACTIVE).with_value(2, Value.DONE), 9**9).state.word.is_final


# ---------------------------------------------------------------------- turns and pay


def test_turns() -> None:
    one = plan(step())
    state = scheduled(one)
    seat = turn(one.id, 0, 0, 4)
    other = (seat + 1) % 4
    present = frozenset(range(4))
    mine, theirs = Caller(seat=seat, seats=4, present=present), Caller(seat=other, seats=4, present=present)
    nobody = Caller(seats=4, present=present)
    first = error(Code.NOT_YOUR_TURN, seat, START + WINDOW_S)
    second = error(Code.NOT_YOUR_TURN, seat, START + 2 * WINDOW_S)
    at = START + WINDOW_S
    assert [why_not(run, one, state, 0, at - 1, (), who) for who in (mine, theirs, nobody)] == [None, first, first]
    assert [why_not(run, one, state, 0, at, (), who) for who in (mine, theirs, nobody)] == [None, None, second]
    assert why_not(run, one, state, 0, START + 2 * WINDOW_S, (), nobody) is None
    assert why_not(run, one, state, 0, START, (), replace(nobody, address=OWNER)) is None
    assert why_not(run, one, state, 0, START, (), replace(theirs, present=present - {seat})) is None
    assert why_not(run, one, state, 0, START, (), ANYONE) is None


def test_steps_with_conditions_have_no_turn() -> None:
    one = plan(step(conditions=(IS_ONE,)))
    nobody = Caller(seats=4, present=frozenset(range(4)))
    assert why_not(run, one, scheduled(one), 0, START, (1,), nobody) is None


def test_an_undo_has_a_turn_of_its_own() -> None:
    one = plan(undoable(), step())
    state = cancel(one, run(one, scheduled(one), 0, START).state, START).state
    nobody = Caller(seats=4, present=frozenset(range(4)))
    seat = turn(one.id, 0, 128, 4)
    assert why_not(undo, one, state, 0, START, nobody) == error(Code.NOT_YOUR_TURN, seat, START + WINDOW_S)


@pytest.mark.parametrize(
    ("low", "high", "ramp", "elapsed", "premium"),
    [(10, 20, 100, 0, 10), (10, 20, 100, 55, 15), (10, 20, 100, 100, 20), (10, 20, 100, 999, 20), (10, 20, 0, 5, 10),
     (20, 10, 100, 50, 20)],
)  # fmt: skip
def test_the_premium_rises_over_the_ramp(low: int, high: int, ramp: int, elapsed: int, premium: int) -> None:
    assert premium_gwei(low, high, ramp, elapsed) == premium
