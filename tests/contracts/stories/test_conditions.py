"""Conditions: a step waits for them or is skipped by them; too little gas and unreadable answers are never an answer
(G5)."""

from __future__ import annotations

import pytest

from keeper.wire.types import Condition, Op
from tests.contracts.plans import condition, step
from tests.contracts.world import Refusal, World


def word_is(world: World, op: Op, constant: int, **fields: object) -> Condition:
    return condition(world.answers, "word()", op, constant, **fields)


def as_word(value: int) -> bytes:
    return (value % 2**256).to_bytes(32, "big")


def test_a_step_waits_while_a_condition_is_false(world: World) -> None:
    """S1, `when`: the refusal names the condition, the word read and the word wanted; the window alone ends the
    wait."""
    plan = world.scheduled(
        step(world.ping(1), conditions=(word_is(world, Op.LT, 100), word_is(world, Op.GE, 5)), closes=50)
    )
    world.call(world.answers, "set", 0, 4)
    refused = Refusal("Scheduler_ConditionFalse", (0, 1, Op.GE, as_word(4), as_word(5)))
    assert world.refusal(plan.run(0)) == refused
    closes = plan.start + 50
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_NotLapsed", (0, closes))
    world.call(world.answers, "set", 0, 5)
    assert world.refusal(plan.run(0)) is None
    world.call(world.answers, "set", 0, 200)
    world.at(closes).do(plan.settle(0))
    assert world.values(plan) == "F"


def test_a_false_condition_skips_at_once_if_the_plan_says_so(world: World) -> None:
    """S2, `if`: settle skips it as soon as the window is open, not before, and not while it is true."""
    plan = world.scheduled(
        step(world.ping(1), conditions=(word_is(world, Op.EQ, 1),), skip_if_false=True, opens=10, closes=50)
    )
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_NotLapsed", (0, plan.start + 50))
    world.at(plan.start + 10).call(world.answers, "set", 0, 1)
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_NotLapsed", (0, plan.start + 50))
    assert world.refusal(plan.run(0)) is None
    world.call(world.answers, "set", 0, 2)
    world.do(plan.settle(0))
    assert world.values(plan) == "S"


def test_a_step_with_pending_needs_is_not_skipped_by_its_condition(world: World) -> None:
    """S2: own needs first, so that what came true through them counts."""
    plan = world.scheduled(
        step(world.ping(1)), step(world.ping(2), needs=1, conditions=(word_is(world, Op.EQ, 1),), skip_if_false=True)
    )
    assert world.refusal(plan.settle(1)) == Refusal("Scheduler_NeedsPending", (1, 1))
    world.do(plan.run(0))
    world.do(plan.settle(1))
    assert world.values(plan) == "DS"


@pytest.mark.parametrize("signed", [False, True])
def test_every_operator_compares_as_it_says(world: World, signed: bool) -> None:
    """Against Python, on the edges of both orders."""
    edges = [0, 1, 2, 2**255 - 1, -(2**255), -2, -1]
    if not signed:
        edges = [edge % 2**256 for edge in edges]
    meant = {
        Op.EQ: int.__eq__,
        Op.NE: int.__ne__,
        Op.LT: int.__lt__,
        Op.LE: int.__le__,
        Op.GT: int.__gt__,
        Op.GE: int.__ge__,
    }
    for constant in edges:
        steps = [step(world.ping(1), conditions=(word_is(world, op, constant % 2**256, signed=signed),)) for op in Op]
        plan = world.scheduled(*steps)
        for value in edges:
            world.call(world.answers, "set", 0, value % 2**256)
            for i, op in enumerate(Op):
                refused = world.refusal(plan.run(i))
                assert (refused is None) == meant[op](value, constant), (value, op, constant, refused)


def test_a_later_word_of_the_answer(world: World) -> None:
    """Word 3 of four; a word behind the answer is unreadable."""
    world.call(world.answers, "set", 3, 77)
    plan = world.scheduled(
        *(
            step(world.ping(1), conditions=(condition(world.answers, "words()", Op.EQ, 77, word=w),))
            for w in (3, 2, 4, 255)
        )
    )
    assert world.refusal(plan.run(0)) is None
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_ConditionFalse", (1, 0, Op.EQ, as_word(0), as_word(77)))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_Unreadable", (2, 0))
    assert world.refusal(plan.run(3)) == Refusal("Scheduler_Unreadable", (3, 0))


@pytest.mark.parametrize("mode", ["reverts", "short", "no code", "burns", "too little gas"])
def test_what_cannot_be_read_is_neither_true_nor_false(world: World, mode: str) -> None:
    """G5, S2: unreadable stops run and skip; after the window it no longer stops the lapse, and onMiss decides."""
    hostile = world.contract("Hostile")
    asked = {
        "reverts": condition(hostile, "fail(uint256)", Op.NE, 1, 0),
        "short": condition(world.answers, "truncated(uint256)", Op.NE, 1, 31),
        "no code": condition("0x" + "77" * 20, "word()", Op.NE, 1),
        "burns": condition(hostile, "burnAll()", Op.NE, 1, gas_limit=30_000),
        "too little gas": condition(hostile, "burn(uint256)", Op.NE, 1, 50_000, gas_limit=30_000),
    }[mode]
    plan = world.scheduled(step(world.ping(1), conditions=(asked,), skip_if_false=True, closes=50))
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_Unreadable", (0, 0))
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_Unreadable", (0, 0))
    world.at(plan.start + 50).do(plan.settle(0))
    assert world.values(plan) == "F"


def test_after_the_window_one_false_condition_still_skips(world: World) -> None:
    """S2: an unreadable one before it no longer hides it; without a false one the lapse is a miss."""
    hostile = world.contract("Hostile")
    unreadable = condition(hostile, "fail(uint256)", Op.EQ, 1, 0)
    plan = world.scheduled(
        step(world.ping(1), conditions=(unreadable, word_is(world, Op.EQ, 9)), skip_if_false=True, closes=50)
    )
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_Unreadable", (0, 0))
    world.at(plan.start + 50).do(plan.settle(0))
    assert world.values(plan) == "S"


def test_a_condition_gets_exactly_its_own_gas(world: World) -> None:
    """G5: an answer that depends on the gas it gets is the same however much the keeper sends."""
    asked = condition(world.answers, "wordOrElse(uint256,uint256)", Op.EQ, 9, 39_000, 666, gas_limit=40_000)
    world.call(world.answers, "set", 0, 9)
    plan = world.scheduled(step(world.ping(1), conditions=(asked,)))
    assert world.refusal(plan.run(0)) is None
    starved = condition(world.answers, "wordOrElse(uint256,uint256)", Op.EQ, 9, 41_000, 666, gas_limit=40_000)
    other = world.scheduled(step(world.ping(1), conditions=(starved,)))
    assert world.refusal(other.run(0)) == Refusal("Scheduler_ConditionFalse", (0, 0, Op.EQ, as_word(666), as_word(9)))


def test_steps_with_conditions_have_no_turn(world: World) -> None:
    """Keepers: who sees first that a condition came true may run it, seats or not."""
    world.do_join(world.accounts[5])
    start = world.time + 3 * 3_600
    plan = world.scheduled(
        step(world.ping(1), conditions=(word_is(world, Op.EQ, 0),)), step(world.ping(2)), start=start, length=9_999
    )
    world.at(start)
    assert world.refusal(plan.run(1), by=world.stranger) == Refusal("Scheduler_NotYourTurn", (0, start + 36))
    world.do(plan.run(0), by=world.stranger)


def test_facts_are_conditions(world: World) -> None:
    """`at block X` of this chain is a condition on Facts."""
    facts = world.contract("Facts")
    at = world.now(False) + 5
    plan = world.scheduled(step(world.ping(1), conditions=(condition(facts, "blockNumber()", Op.GE, at),)))
    refused = world.at_block(at - 1).refusal(plan.run(0))
    assert refused is not None
    assert refused.name == "Scheduler_ConditionFalse"
    assert world.at_block(at).do(plan.run(0)).block_number == at
