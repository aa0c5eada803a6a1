"""X4: a plan never scheduled here can be refused for ever, by its owner at any time, by anyone when it is long over."""

from __future__ import annotations

from keeper.wire.types import Status
from tests.contracts.plans import DAY_S, step
from tests.contracts.world import Refusal, World


def test_the_owner_voids_before_anyone_schedules(world: World) -> None:
    """X4: its steps here are Failed, the refusal is for ever, and an event tells of it."""
    plan = world.plan(step(world.ping(0)), step(world.ping(1)))
    receipt = world.do(plan.void(), by=world.owner)
    assert (world.values(plan), world.status(plan), world.word(plan).move) == ("FF", Status.VOID, 1)
    (moved,) = world.events(receipt, "Moved")
    assert moved["word"] == world.raw_word(plan)
    void = Refusal("Scheduler_WrongStatus", (plan.id, Status.VOID))
    for ask in (
        plan.schedule(),
        plan.void(),
        plan.run(0),
        plan.settle(0),
        plan.cancel(),
        plan.expire(),
        plan.deposit(),
        plan.reclaim(),
    ):
        value = 10**9 if ask.name == "deposit" else 0
        refused = world.refusal(ask, by=world.owner, value=value)
        assert refused is not None, ask.name
        assert refused == void or ask.name in {"run", "settle"}, (ask.name, refused)


def test_anyone_voids_when_it_is_long_over(world: World) -> None:
    """X4: after start + length + a day, to the second; on the blocks clock after 7,200 blocks."""
    plan = world.plan(step(world.ping(0)), length=500)
    ends = plan.start + 500 + DAY_S
    assert world.at(ends - 1).refusal(plan.void(), by=world.stranger) == Refusal("Scheduler_NotExpired", (ends,))
    world.at(ends).do(plan.void(), by=world.stranger)
    assert world.status(plan) == Status.VOID
    blocks = world.plan(step(world.ping(0)), length=500, seconds_clock=False)
    ends = blocks.start + 500 + 7_200
    assert world.at_block(ends - 1).refusal(blocks.void(), by=world.stranger) == Refusal(
        "Scheduler_NotExpired", (ends,)
    )
    assert world.at_block(ends).refusal(blocks.void(), by=world.stranger) is None


def test_a_relative_start_counts_from_the_latest_moment_to_schedule(world: World) -> None:
    """X4."""
    plan = world.plan(step(world.ping(0)), length=500, start=7, relative_start=True, schedule_by=world.time + 1_000)
    ends = world.time + 1_000 + 500 + DAY_S
    assert world.at(ends - 1).refusal(plan.void(), by=world.stranger) == Refusal("Scheduler_NotExpired", (ends,))
    assert world.at(ends).refusal(plan.void(), by=world.stranger) is None


def test_a_scheduled_plan_is_not_voided(world: World) -> None:
    """Front-running the owner's void with a schedule only changes which way out is left: cancel."""
    plan = world.scheduled(step(world.ping(0)))
    assert world.refusal(plan.void(), by=world.owner) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    assert world.refusal(plan.cancel(), by=world.owner) is None
