"""Reads: a word read in the run's own transaction goes into the calls, exactly where the leaf says (G3)."""

from __future__ import annotations

import pytest

from keeper.wire.types import Call, Step
from tests.contracts.plans import call, read, step
from tests.contracts.world import Refusal, World

IN_DATA = 34 + 4  # behind target, value and length, and the selector
IN_VALUE = 20


def test_a_word_goes_into_the_calldata(world: World) -> None:
    """G3: what is read now, not what was when the plan was made; the rest of the calls stays."""
    calls = (world.note(1), world.note(2), world.note(3))
    second = len(calls[0].data) + 34 + IN_DATA
    plan = world.scheduled(step(*calls, reads=(read(world.answers, "word()", second),)))
    world.call(world.answers, "set", 0, 77)
    world.do(plan.run(0))
    assert world.notes() == [1, 77, 3]


def test_a_word_becomes_a_calls_value(world: World) -> None:
    """Twelve bytes; what stands behind them stays; a word of more than 96 bits is refused."""
    plan = world.scheduled(
        step(world.note(4), world.note(5), reads=(read(world.answers, "word()", IN_VALUE, into_value=True),))
    )
    world.call(world.answers, "set", 0, 2**96)
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_ReadFailed", (0, 0))
    world.call(world.answers, "set", 0, 12_345)
    world.do(plan.run(0))
    assert [(note.tag, note.value) for note in world.target.notes()] == [(4, 12_345), (5, 0)]


def test_four_reads_in_order(world: World) -> None:
    """Each with its own word; a later one may overwrite an earlier one."""
    for i in range(4):
        world.call(world.answers, "set", i, 10 + i)
    reads = tuple(read(world.answers, "words()", IN_DATA, word=i) for i in range(4))
    plan = world.scheduled(step(world.note(0), reads=reads))
    world.do(plan.run(0))
    assert world.notes() == [13]
    spread = tuple(read(world.answers, "words()", i * (34 + 36) + IN_DATA, word=i) for i in range(4))
    plan = world.scheduled(step(*(world.note(0) for _ in range(4)), reads=spread))
    world.do(plan.run(0))
    assert world.notes() == [13, 10, 11, 12, 13]


def failing(world: World, mode: str) -> Step:
    hostile = world.contract("Hostile")
    calls: tuple[Call, ...] = (world.note(1),)
    size = 34 + 36
    reads = {
        "reverts": read(hostile, "fail(uint256)", IN_DATA, 0),
        "short": read(world.answers, "truncated(uint256)", IN_DATA, 31),
        "missing word": read(world.answers, "words()", IN_DATA, word=4),
        "no code": read("0x" + "77" * 20, "word()", IN_DATA),
        "burns": read(hostile, "burnAll()", IN_DATA, gas_limit=30_000),
        "behind the calls": read(world.answers, "word()", size - 31),
        "value behind the calls": read(world.answers, "word()", size - 11, into_value=True),
    }
    return step(*calls, reads=(read(world.answers, "word()", IN_DATA), reads[mode]))


@pytest.mark.parametrize(
    "mode", ["reverts", "short", "missing word", "no code", "burns", "behind the calls", "value behind the calls"]
)
def test_a_read_that_fails_reverts_the_run(world: World, mode: str) -> None:
    """G5: never zero, never a guess; the error names the read."""
    plan = world.scheduled(failing(world, mode))
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_ReadFailed", (0, 1))


def test_a_read_at_the_very_end_fits(world: World) -> None:
    plan = world.scheduled(step(world.note(1), reads=(read(world.answers, "word()", IN_DATA),)))
    assert len(plan.leaves[0]) > IN_DATA
    world.call(world.answers, "set", 0, 8)
    world.do(plan.run(0))
    assert world.notes() == [8]


def test_a_read_sees_the_state_before_the_calls(world: World) -> None:
    """All reads come first, then the calls."""
    plan = world.scheduled(
        step(
            call(world.answers, "set(uint256,uint256)", 0, 99),
            world.note(0),
            gas_limit=300_000,
            reads=(read(world.answers, "word()", 34 + 68 + IN_DATA),),
        )
    )
    world.call(world.answers, "set", 0, 5)
    world.do(plan.run(0))
    assert world.notes() == [5]
    assert world.answers.word() == 99
