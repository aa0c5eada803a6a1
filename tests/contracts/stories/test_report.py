"""Claim steps: only their referee settles them; it may hold the lapse, at most until closes + hold."""

from __future__ import annotations

import pytest

from keeper.wire.types import Status, Value
from tests.contracts.plans import GWEI, Op, claim, condition, step, undo
from tests.contracts.world import Refusal, World

NO, YES, REVERTS, BURNS, SHORT, BOMBS = range(6)
RESULT = bytes(range(32))


def test_the_referee_settles_a_claim(world: World) -> None:
    """S1 for claims: Done or Failed, recorded with its result; the payee gets the step's premium."""
    referee = world.accounts[6]
    for outcome, letter in ((Value.DONE, "D"), (Value.FAILED, "F")):
        plan = world.scheduled(claim(referee, fee_min_gwei=4_321), cap_wei=0)
        before = world.credit(world.stranger)
        receipt = world.do(plan.report(0, outcome, world.stranger, RESULT), by=referee)
        (event,) = world.events(receipt, "Reported")
        assert (event["plan"], event["index"], event["outcome"], event["result"]) == (plan.id, 0, outcome, RESULT)
        (moved,) = world.events(receipt, "Moved")
        assert moved["by"] == world.stranger.address
        assert world.values(plan) == letter
        assert world.credit(world.stranger) - before == 4_321 * GWEI
        assert world.credit(referee) == 0


def test_nobody_else_reports_and_nobody_runs_a_claim(world: World) -> None:
    """The leaf names the only address."""
    referee = world.accounts[6]
    plan = world.scheduled(claim(referee), step(world.ping(0)))
    for who in (world.owner, world.keeper):
        refused = Refusal("Scheduler_NotReferee", (referee.address.lower(), who.address.lower()))
        assert world.refusal(plan.report(0, 1, who), by=who) == refused
        assert world.refusal(plan.run(0), by=who) == refused
    nobody = "0x" + "00" * 20
    refused = Refusal("Scheduler_NotReferee", (nobody, referee.address.lower()))
    assert world.refusal(plan.report(1, 1, referee), by=referee) == refused


@pytest.mark.parametrize("outcome", [0, 2, 4, 5])
def test_a_report_is_done_or_failed(world: World, outcome: int) -> None:
    referee = world.accounts[6]
    plan = world.scheduled(claim(referee))
    refused = world.refusal(plan.report(0, outcome, referee), by=referee)
    assert refused is not None
    assert (refused.name, refused.values[1]) == ("Scheduler_Malformed", outcome)


def test_a_report_needs_what_a_run_needs(world: World) -> None:
    """Status, value, needs and the window's beginning; but until closes + hold, which is the referee's own time."""
    referee = world.accounts[6]
    plan = world.scheduled(
        step(world.ping(0)), claim(referee, hold=30, needs=1, opens=10, closes=20), step(world.ping(2))
    )
    at = plan.start
    report = plan.report(1, 1, referee)
    assert world.refusal(report, by=referee) == Refusal("Scheduler_NeedsPending", (1, 1))
    world.do(plan.run(0))
    assert world.at(at + 9).refusal(report, by=referee) == Refusal("Scheduler_TooEarly", (1, at + 10, at + 9))
    for time in (at + 10, at + 20, at + 49):
        assert world.at(time).refusal(report, by=referee) is None
    assert world.at(at + 50).refusal(report, by=referee) == Refusal("Scheduler_WindowClosed", (1, at + 50, at + 50))
    world.do(plan.settle(1))
    assert world.refusal(report, by=referee) == Refusal("Scheduler_Settled", (1, Value.FAILED))


@pytest.mark.parametrize("mood", [NO, YES, REVERTS, BURNS, SHORT, BOMBS])
def test_the_referee_holds_the_lapse(world: World, mood: int) -> None:
    """S2, C6: only a plain yes holds; a revert, a gas burner or a short answer is a no; a flood costs its caller."""
    referee = world.contract("TestReferee")
    plan = world.scheduled(claim(referee, hold=100, closes=20))
    world.call(referee, "setMood", mood)
    closes = plan.start + 20
    assert world.at(closes - 1).refusal(plan.settle(0)) == Refusal("Scheduler_NotLapsed", (0, closes))
    held = Refusal("Scheduler_Held", (0, closes + 100)) if mood in {YES, BOMBS} else None
    assert world.at(closes).refusal(plan.settle(0)) == held
    assert world.at(closes + 99).refusal(plan.settle(0)) == held
    assert world.at(closes + 100).refusal(plan.settle(0)) is None


def test_a_held_claim_is_reported_in_its_time(world: World) -> None:
    """C6: what the hold is for."""
    referee = world.contract("TestReferee")
    plan = world.scheduled(claim(referee, hold=100, closes=20), step(world.ping(1), needs=1))
    world.call(referee, "setMood", YES)
    world.at(plan.start + 90)
    args = plan.report(0, 1, world.keeper, RESULT).args
    world.call(referee, "report", world.scheduler.address, *args)
    world.do(plan.run(1))
    assert (world.values(plan), world.status(plan)) == ("DD", Status.COMPLETED)


def test_a_hold_cannot_be_denied_by_sending_little_gas(world: World) -> None:
    """G5: too little gas for the question is no answer to it, also behind forty conditions."""
    referee = world.contract("TestReferee")
    world.call(referee, "setMood", YES)
    many = tuple(condition(world.answers, "word()", Op.EQ, 0) for _ in range(40))
    for conditions in ((), many):
        plan = world.scheduled(claim(referee, hold=100, closes=20, conditions=conditions))
        world.at(plan.start + 20)
        for gas in range(60_000, 400_000, 499):
            assert world.refusal(plan.settle(0), gas=gas) is not None, gas
        assert world.refusal(plan.settle(0)) == Refusal("Scheduler_Held", (0, plan.start + 120))


def test_a_claim_is_undone_and_stamped_like_a_call(world: World) -> None:
    """S4: a claim can have an undo, which is a call."""
    referee = world.accounts[6]
    plan = world.scheduled(
        claim(referee, undo=undo(world.note(100))), step(world.note(1), needs=1, since=1, opens=5, closes=9), stamped=1
    )
    world.at(plan.start + 50).do(plan.report(0, 1, referee), by=referee)
    world.at(plan.start + 59).do(plan.settle(1))
    assert world.status(plan) == Status.ABORTING
    world.do(plan.undo(0))
    assert (world.values(plan), world.notes()) == ("UF", [100])


def test_a_report_obeys_the_claims_conditions(world: World) -> None:
    """G10: while a condition with `if` is false the claim is skipped, not reported; so it does not matter who pokes
    first."""
    referee = world.accounts[6]
    gated = condition(world.answers, "word()", Op.EQ, 1)
    plan = world.scheduled(claim(referee, conditions=(gated,), skip_if_false=True))
    refused = world.refusal(plan.report(0, 1, referee), by=referee)
    assert refused is not None
    assert refused.name == "Scheduler_ConditionFalse"
    assert world.refusal(plan.settle(0)) is None
    world.call(world.answers, "set", 0, 1)
    assert world.refusal(plan.report(0, 1, referee), by=referee) is None
    assert world.refusal(plan.settle(0)) is not None
