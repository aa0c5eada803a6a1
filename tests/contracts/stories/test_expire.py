"""S7: from the header alone, long after the run should have ended, anyone ends what nobody settled."""

from __future__ import annotations

from keeper.wire.types import Status
from tests.contracts.plans import DAY_S, GWEI, step, undo
from tests.contracts.world import Refusal, World


def test_expiry_fails_what_nobody_settled(world: World) -> None:
    """S7: Skipped where optional, else Failed; after start + length + a day, to the second; paid as a poke."""
    plan = world.scheduled(
        step(world.ping(0)), step(world.ping(1)), step(world.ping(2)), optional=0b010, length=2_000, poke_fee_gwei=55
    )
    world.do(plan.run(0), by=world.stranger)
    ends = plan.start + 2_000 + DAY_S
    assert world.at(ends - 1).refusal(plan.expire()) == Refusal("Scheduler_NotExpired", (ends,))
    receipt = world.at(ends).do(plan.expire())
    assert (world.values(plan), world.status(plan)) == ("DSF", Status.ABORTED)
    assert 55 * GWEI < world.credit(world.keeper) <= receipt.gas_used * world.base_fee + 55 * GWEI


def test_expiry_can_commit(world: World) -> None:
    """S7: if all that was left is optional."""
    plan = world.scheduled(step(world.ping(0)), step(world.ping(1)), optional=0b10, length=2_000)
    world.do(plan.run(0))
    world.at(plan.start + 2_000 + DAY_S).do(plan.expire())
    assert (world.values(plan), world.status(plan)) == ("DS", Status.COMPLETED)


def test_undos_and_finally_steps_expire_a_further_length_and_day_later(world: World) -> None:
    """S7: since the last change; undoable steps become UndoFailed and Pending finally steps Skipped."""
    plan = world.scheduled(
        step(world.ping(0), undo=undo(world.ping(9), window=10**6)),
        step(world.ping(1), closes=100),
        step(world.ping(2), closes=10**6),
        finals=1,
        length=2_000,
    )
    world.do(plan.run(0))
    turned = plan.start + 900
    world.at(turned).do(plan.settle(1))
    ends = turned + 2_000 + DAY_S
    assert world.at(ends - 1).refusal(plan.expire()) == Refusal("Scheduler_NotExpired", (ends,))
    world.at(ends).do(plan.expire())
    assert (world.values(plan), world.status(plan)) == ("XFS", Status.ABORTED)


def test_the_day_is_everybodys_time_to_settle_by_leaf(world: World) -> None:
    """S7: what is settled by leaf first keeps its better value: a step whose needs failed is Skipped, not Failed."""
    plan = world.scheduled(
        step(world.ping(0), closes=10), step(world.ping(1), needs=1), step(world.ping(2)), optional=0b001, length=2_000
    )
    world.at(plan.start + 2_000).do(plan.settle(0))
    world.do(plan.settle(1))
    world.at(plan.start + 2_000 + DAY_S).do(plan.expire())
    assert world.values(plan) == "SSF"


def test_each_run_expires_on_its_own_time(world: World) -> None:
    """S6, S7: counted from the run's own start."""
    plan = world.scheduled(step(world.ping(0)), length=2_000, runs=2, interval=5_000)
    world.do(plan.run(0))
    ends = plan.start + 5_000 + 2_000 + DAY_S
    assert world.at(ends - 1).refusal(plan.expire()) == Refusal("Scheduler_NotExpired", (ends,))
    world.at(ends).do(plan.expire())
    assert (world.status(plan), world.word(plan).run) == (Status.ABORTED, 1)


def test_a_final_plan_has_nothing_to_expire(world: World) -> None:
    plan = world.scheduled(step(world.ping(0)), length=2_000)
    world.do(plan.run(0))
    refused = Refusal("Scheduler_WrongStatus", (plan.id, Status.COMPLETED))
    assert world.at(plan.start + 10**6).refusal(plan.expire()) == refused


def test_a_finishing_plan_expires(world: World) -> None:
    """S7: a commit stays a commit; its finally step is Skipped."""
    plan = world.scheduled(step(world.ping(0)), step(world.ping(1), closes=10**6), finals=1, length=2_000)
    world.do(plan.run(0))
    ends = world.time + 2_000 + DAY_S
    assert world.at(ends - 1).refusal(plan.expire()) == Refusal("Scheduler_NotExpired", (ends,))
    world.at(ends).do(plan.expire())
    assert (world.values(plan), world.status(plan)) == ("DS", Status.COMPLETED)
