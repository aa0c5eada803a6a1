"""What is decided about due jobs: all that is possible and ours, nothing else, each with its reason."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.bots import gas
from keeper.bots.calls import together, works_of
from keeper.bots.chances import Action, PlanView
from keeper.bots.decide import Intent, Moment, Policy, Reason, Wait, decide, patience_s
from keeper.bots.fees import GWEI, FeeRules, Market
from keeper.bots.parcels import Limits, parcels
from keeper.bots.turns import Seat, Seats
from keeper.bots.waits import settles, wait_after
from keeper.wire import hashing
from keeper.wire.contract_errors import ContractError
from keeper.wire.error_table import Code
from keeper.wire.machine import admit_run, admit_undo
from keeper.wire.rules import Plan
from keeper.wire.turns import EPOCH_B, IDLE_S, WINDOW_B
from keeper.wire.types import Address
from tests.unit.bots.test_bots_chances import expected
from tests.unit.bots.views import BLOCK_S, MARKET, ME, OTHER, job, moment, view, view_of, works
from tests.unit.wire import draws
from tests.unit.wire.plans import IS_ONE, OWNER, START, plan, scheduled, step, undoable, why_not
from tests.unit.wire.test_machine_histories import attempt, plans

ANY = Policy(fees=FeeRules(min_profit_wei=-(10**30)))
"""Money is no object."""
RICH = {"fee_min_gwei": 10**6, "fee_max_gwei": 2 * 10**6, "ramp": 10}
SEAT = {"cold": OTHER, "from_s": 0, "until_s": 2**24, "from_b": 0, "until_b": 2**24, "last_s": START}


def paying(*steps: object, **fields: object) -> PlanView:
    """A plan on the blocks clock whose cap and deposit are ample."""
    found = plan(*steps, seconds_clock=False, **fields)  # type: ignore[arg-type]
    entry = replace(found.entry, cap_wei=100 * GWEI, poke_fee_gwei=10**6)
    header = replace(found.header, chains=(entry,))
    found = Plan.of(header, found.steps, entry.chain_id)
    state = scheduled(found)
    return view_of(found, replace(state, word=replace(state.word, deposit_gwei=10**9)))


def only(verdicts: list[Intent | Wait]) -> Intent | Wait:
    [verdict] = [one for one in verdicts if one.job.due.action == Action.RUN]
    return verdict


@settings(draws.quick, max_examples=30)
@given(plans(), st.randoms(use_true_random=False))
def test_every_job_gets_one_verdict_and_every_chance_an_intent(found: Plan, luck: random.Random) -> None:
    state, now = scheduled(found), START - 5
    for _ in range(12):
        now += luck.choice((0, 1, 7, 30, 120))
        change = attempt(found, state, now, luck)
        state = change.state if change else state
        seen = view(view_of(found, state), at=now)
        verdicts = decide(seen, moment(now), ANY)
        assert sorted(one.job.id for one in verdicts) == sorted(one.id for one in seen.jobs)
        assert works(verdicts) == expected(found, state, now)
        assert verdicts == sorted(verdicts, key=lambda one: (one.job.due.due_at, one.job.id))


def test_a_step_is_sent_for_the_very_block_in_which_it_opens() -> None:
    known = paying(step(opens=4, **RICH))
    early = view(known, at=START + 4)
    assert only(decide(early, moment(START + 3), Policy())) == Wait(early.jobs[0], Reason.NOT_YET, BLOCK_S)
    assert isinstance(only(decide(early, moment(START + 4), Policy())), Intent)
    late = view(known, at=START + 200)
    assert {one.work.action for one in decide(late, moment(START + 200), ANY) if isinstance(one, Intent)} == {
        Action.SETTLE
    }


def test_jobs_of_states_that_are_gone_wait_for_their_event() -> None:
    known = paying(step(**RICH))
    seen = view(known, at=START)
    unknown = replace(seen, plans={})
    assert [one.reason for one in decide(unknown, moment(START), ANY) if isinstance(one, Wait)] == [Reason.GONE]
    other_run = replace(seen, jobs=tuple(job(replace(one.due, run=3)) for one in seen.jobs))
    assert [one.reason for one in decide(other_run, moment(START), ANY) if isinstance(one, Wait)] == [Reason.GONE]


def test_what_is_in_flight_or_held_back_waits() -> None:
    known = paying(step(**RICH))
    seen = view(known, at=START)
    flying = replace(seen, in_flight=frozenset({(known.id, 0)}))
    assert only(decide(flying, moment(START), ANY)) == Wait(seen.jobs[0], Reason.IN_FLIGHT, BLOCK_S / 2)
    held = replace(seen, held_s={bytes(OWNER): 42.0})
    assert only(decide(held, moment(START), ANY)) == Wait(seen.jobs[0], Reason.HELD_BACK, 42.0)
    assert isinstance(only(decide(replace(seen, held_s={bytes(ME): 42.0}), moment(START), ANY)), Intent)


@settings(draws.quick, max_examples=60)
@given(
    st.integers(0, 2**64),
    st.integers(0, 4),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(0, 8),
    st.booleans(),
    st.booleans(),
)
def test_turns_are_the_contracts(
    salt: int, count: int, mine: int | None, elapsed: int, idle: bool, conditional: bool
) -> None:
    """Whatever decide takes, the rules admit; whatever it leaves, they refuse, and at the time it names they do not."""
    known = paying(step(conditions=(IS_ONE,) * conditional, **RICH), salt=(salt % 2**64).to_bytes(8, "big"))
    hot = {number: Address(bytes([9, number]) * 10) for number in range(3)}
    if mine is not None:
        hot[mine] = ME
    last_s = START - 2 * IDLE_S if idle else START
    seats = Seats(
        {number: Seat(number, hot[number], **SEAT | {"last_s": last_s}) for number in range(3)},
        {(False, START // EPOCH_B): count},
    )
    seen = view(known, at=START, seats=seats)
    found = known.plan

    def refused(at: int) -> ContractError | None:
        caller = seats.caller(ME, seconds_clock=False, due=START, time_s=at)
        return why_not(admit_run, found, known.state, found.steps[0], at, caller)  # type: ignore[arg-type]

    verdict = only(decide(seen, moment(START + elapsed), Policy()))
    error = refused(START + elapsed)
    if isinstance(verdict, Intent):
        assert error is None
    else:
        assert error is not None
        assert error.code is Code.NOT_YOUR_TURN
        assert verdict.reason is Reason.NOT_OUR_TURN
        assert verdict.holder == hot[error.values["seat"]]
        assert verdict.for_s in (BLOCK_S * (WINDOW_B - elapsed), BLOCK_S * (2 * WINDOW_B - elapsed))
        assert refused(START + elapsed + round(verdict.for_s / BLOCK_S)) is None


def test_the_owner_needs_no_turn_and_an_undo_has_its_own() -> None:
    known = paying(undoable(**RICH), step(needs=1, closes=5, **RICH))
    seats = Seats({0: Seat(0, OTHER, **SEAT)}, {(False, START // EPOCH_B): 1})
    seen = view(known, at=START, seats=seats)
    assert only(decide(seen, moment(START), ANY)).job.due.action == Action.RUN
    assert isinstance(only(decide(seen, moment(START), ANY)), Wait)
    assert isinstance(only(decide(replace(seen, me=OWNER), moment(START), ANY)), Intent)
    turns = {hashing.turn(known.id, 0, index, 2) for index in (0, 1, hashing.UNDO_TURN, hashing.UNDO_TURN + 1)}
    assert why_not(admit_undo, known.plan, known.state, known.plan.steps[0], START) is not None  # type: ignore[arg-type]
    assert turns <= {0, 1}


def test_the_longer_it_has_waited_the_longer_it_is_left_alone() -> None:
    known = paying(step(closes=10**6, **RICH))
    [run, *_] = view(known, at=START).jobs
    waits = [patience_s(run, known, moment(START + elapsed), Policy()) for elapsed in (0, 1, 10, 100, 1_000)]
    assert waits == sorted(waits)
    assert waits[0] == BLOCK_S / 2
    assert waits[-1] == Policy().look_again_s


@pytest.mark.parametrize(
    ("error", "reason", "for_s"),
    [
        (ContractError(Code.TOO_EARLY, (0, START + 3, START)), Reason.NOT_YET, 2 * BLOCK_S),
        (ContractError(Code.NOT_LAPSED, (0, START + 11)), Reason.NOT_YET, 10 * BLOCK_S),
        (ContractError(Code.NOT_YOUR_TURN, (1, START + 3)), Reason.NOT_OUR_TURN, 2 * BLOCK_S),
        (ContractError(Code.SETTLED, (0, 1)), Reason.GONE, BLOCK_S / 2),
        (ContractError(Code.CALLS_FAILED, (0, b"")), Reason.CALLS_FAIL, BLOCK_S / 2),
        (ContractError(Code.UNREADABLE, (0, 1)), Reason.UNREADABLE, BLOCK_S / 2),
        (ContractError(Code.CONDITION_FALSE, (0, 0, 0, bytes(32), bytes(32))), Reason.CONDITION_FALSE, BLOCK_S / 2),
        (ContractError(Code.PAYS_TOO_LITTLE, (1, 2)), Reason.UNPROFITABLE, BLOCK_S / 2),
        (ContractError(Code.UNKNOWN, (b"?",)), Reason.REFUSED, BLOCK_S / 2),
    ],
    ids=lambda value: value.code.name if isinstance(value, ContractError) else "",
)
def test_refusals_say_how_long_to_wait(error: ContractError, reason: Reason, for_s: float) -> None:
    known = paying(step(**RICH))
    intent = only(decide(view(known, at=START), moment(START), ANY))
    assert isinstance(intent, Intent)
    seats = Seats({1: Seat(1, OTHER, **SEAT)})
    wait = wait_after(intent, error, known, seats, moment(START + 1), Policy())
    assert (wait.reason, wait.for_s) == (reason, for_s)
    assert wait.holder == (OTHER if reason is Reason.NOT_OUR_TURN else None)


def test_a_false_condition_settles_what_it_skips() -> None:
    false = ContractError(Code.CONDITION_FALSE, (0, 0, 0, bytes(32), bytes(32)))
    for skips in (True, False):
        known = paying(step(conditions=(IS_ONE,), skip_if_false=skips, **RICH))
        intent = only(decide(view(known, at=START), moment(START), ANY))
        assert isinstance(intent, Intent)
        assert settles(intent, false, known) is skips
        assert not settles(intent, ContractError(Code.UNREADABLE, (0, 0)), known)


def intents_of(count: int, **fields: object) -> list[Intent]:
    known = [paying(step(**RICH, **fields), salt=number.to_bytes(8, "big")) for number in range(count)]
    verdicts = decide(view(*known, at=START), moment(START), Policy())
    return [one for one in verdicts if isinstance(one, Intent)]


def test_parcels_keep_order_lose_nothing_and_stay_within_limits() -> None:
    intents = intents_of(49)
    limits = Limits(items=7, gas=1_500_000, bytes=5_000)
    found = parcels(intents, MARKET, limits)
    assert [intent for parcel in found for intent in parcel.intents] == intents
    for parcel in found:
        assert 1 < len(parcel.intents) <= limits.items
        assert parcel.gas_limit <= limits.gas
        assert len(parcel.data) <= limits.bytes
        assert works_of(parcel.data) == tuple(intent.work for intent in parcel.intents)


def test_what_cannot_pay_for_a_rise_goes_apart_from_what_can() -> None:
    intents = intents_of(4)
    tight = [replace(one, bid=replace(one.bid, max_fee_wei=MARKET.base_fee_wei)) for one in intents[:2]]
    stingy = [replace(one, bid=replace(one.bid, tip_wei=1)) for one in intents[2:3]]
    found = parcels([*tight, *stingy, intents[3]], MARKET, Limits())
    assert [set(parcel.intents) for parcel in found] == [{intents[3]}, {*tight, *stingy}]


def test_what_pays_for_its_calldata_rather_than_its_gas_goes_alone() -> None:
    """EIP-7623's floor is of the whole transaction, so an item of a batch is not repaid it."""
    intents = intents_of(5)
    heavy = replace(intents[2], data=b"\x01" * ((intents[2].gas - gas.SPARE) // 24 + 1))
    light = replace(intents[4], data=b"\x01" * ((intents[4].gas - gas.SPARE) // 24))
    found = parcels([*intents[:2], heavy, intents[3], light], MARKET, Limits())
    assert [parcel.intents for parcel in found] == [tuple(intents[:2]), (heavy,), (intents[3], light)]


def test_gas_is_what_the_plan_commits_to_and_a_share_that_stays_behind() -> None:
    [one] = intents_of(1, gas_limit=5_000_000)
    assert one.gas > 5_000_000 * 64 // 63
    alone, pair = gas.transaction(one.data, [one.gas]), gas.transaction(together([one.data] * 2), [one.gas] * 2)
    assert alone > one.gas + gas.BASE
    assert pair > 2 * one.gas * 64 // 63 + gas.BASE


def test_unprofitable_work_waits_and_the_owner_may_do_it_at_a_loss() -> None:
    known = paying(step())
    seen = view(known, at=START)
    assert only(decide(seen, moment(START), Policy())).reason is Reason.UNPROFITABLE  # type: ignore[union-attr]
    loss = Policy(fees=FeeRules(min_profit_wei=-(10**16)))
    assert isinstance(only(decide(seen, moment(START), loss)), Intent)
    dear = replace(view(paying(step(**RICH)), at=START), market=Market(300 * GWEI, GWEI))
    assert only(decide(dear, moment(START), Policy())).reason is Reason.UNPROFITABLE  # type: ignore[union-attr]


def test_moments_know_both_clocks() -> None:
    known = paying(step(**RICH))
    later = Moment(block=10, time_s=1_000, block_s=2.0)
    assert later.at(known) == 10
    assert later.seconds_until(known, 14) == 8.0
    assert later.seconds_until(known, 3) == 0.0
