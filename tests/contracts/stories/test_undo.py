"""S3, S4: an abort turns the run; what was done is undone, last first, or lapses visibly."""

from __future__ import annotations

from keeper.wire.types import Status, Step, Value
from tests.contracts.plans import GWEI, Plan, step, undo
from tests.contracts.world import Refusal, World


def reversible(world: World, tag: int, **fields: object) -> Step:
    """Notes `tag`; its undo notes 100 + tag."""
    return step(world.note(tag), undo=undo(world.note(100 + tag)), **fields)


def chain_of_three(world: World, **fields: object) -> Plan:
    """0 <- 1 <- 2; the third misses its window."""
    return world.scheduled(
        reversible(world, 0), reversible(world, 1, needs=1), step(world.note(2), needs=2, closes=50), **fields
    )


def test_a_missed_step_undoes_what_was_done_last_first(world: World) -> None:
    """S3, S4: the order is the contract's, not the keeper's."""
    plan = chain_of_three(world)
    world.do(plan.run(0))
    world.do(plan.run(1))
    assert world.refusal(plan.undo(1)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    world.at(plan.start + 50).do(plan.settle(2))
    assert (world.values(plan), world.status(plan)) == ("DDF", Status.ABORTING)
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_DependentsStand", (0, 0b010))
    world.do(plan.undo(1))
    world.do(plan.undo(0))
    assert world.notes() == [0, 1, 101, 100]
    assert (world.values(plan), world.status(plan)) == ("UUF", Status.ABORTED)


def test_an_abort_skips_what_is_pending_in_the_same_transaction(world: World) -> None:
    """S3: own Pending forward steps become Skipped; none of them can run late."""
    plan = world.scheduled(step(world.ping(0), closes=5), reversible(world, 1), step(world.ping(2)))
    world.at(plan.start + 5).do(plan.settle(0))
    assert world.values(plan) == "FSS"
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_Settled", (2, Value.SKIPPED))
    assert world.status(plan) == Status.ABORTED


def test_an_undo_runs_once_and_is_paid_like_a_run(world: World) -> None:
    """S4, G6: with its own premium and its own tokens."""
    plan = world.scheduled(
        step(world.ping(0), undo=undo(world.ping(1), fee_min_gwei=555)), step(world.ping(2), closes=50), poke_fee_gwei=0
    )
    world.do(plan.run(0))
    world.at(plan.start + 50).do(plan.settle(1), by=world.stranger)
    before = world.credit(world.keeper)
    receipt = world.do(plan.undo(0))
    paid = world.credit(world.keeper) - before
    assert 555 * GWEI < paid <= receipt.gas_used * world.base_fee + 555 * GWEI
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_Settled", (0, Value.UNDONE))
    assert world.target.pings(1) == 1


def test_a_failing_undo_reverts_and_lapses_at_its_windows_end(world: World) -> None:
    """S4: UndoFailed is visible; the window counts from the last change of the run, and starts anew with each
    change."""
    plan = world.scheduled(
        step(world.ping(0), undo=undo(world.ping(9), window=30)),
        step(world.ping(1), needs=1, undo=undo(world.fail(), window=20)),
        step(world.ping(2), closes=50),
    )
    world.do(plan.run(0))
    world.do(plan.run(1))
    turned = plan.start + 50
    world.at(turned).do(plan.settle(2))
    refused = world.refusal(plan.undo(1))
    assert refused is not None
    assert refused.name == "Scheduler_CallsFailed"
    assert world.at(turned + 19).refusal(plan.settle(1)) == Refusal("Scheduler_NotLapsed", (1, turned + 20))
    assert world.at(turned + 20).refusal(plan.undo(1)) == Refusal(
        "Scheduler_WindowClosed", (1, turned + 20, turned + 20)
    )
    # S4: it lapses only once it could have run: step 0 still waits for its dependent.
    assert world.at(turned + 40).refusal(plan.settle(0)) == Refusal("Scheduler_DependentsStand", (0, 0b010))
    world.do(plan.settle(1))
    assert world.values(plan) == "DXF"
    assert world.at(turned + 69).refusal(plan.undo(0)) is None
    assert world.at(turned + 70).refusal(plan.undo(0)) == Refusal(
        "Scheduler_WindowClosed", (0, turned + 70, turned + 70)
    )
    world.do(plan.settle(0))
    assert (world.values(plan), world.status(plan)) == ("XXF", Status.ABORTED)


def test_a_dependent_without_an_undo_does_not_stand_in_the_way(world: World) -> None:
    """S4: blocking is who is Pending, or Done and undoable."""
    plan = world.scheduled(reversible(world, 0), step(world.note(1), needs=1), step(world.note(2), closes=50))
    world.do(plan.run(0))
    world.do(plan.run(1))
    world.at(plan.start + 50).do(plan.settle(2))
    world.do(plan.undo(0))
    assert (world.values(plan), world.status(plan)) == ("UDF", Status.ABORTED)


def test_a_commit_undoes_nothing(world: World) -> None:
    """S3: all settled, none Failed: decided for ever."""
    plan = world.scheduled(reversible(world, 0), step(world.note(1), closes=50), optional=0b10)
    world.do(plan.run(0))
    world.at(plan.start + 50).do(plan.settle(1))
    assert world.status(plan) == Status.COMPLETED
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.COMPLETED))
    assert world.refusal(plan.cancel(), by=world.owner) == Refusal("Scheduler_WrongStatus", (plan.id, Status.COMPLETED))


def test_a_step_without_an_undo_cannot_be_undone(world: World) -> None:
    plan = world.scheduled(step(world.note(0)), reversible(world, 1), step(world.note(2), closes=50))
    world.do(plan.run(0))
    world.do(plan.run(1))
    world.at(plan.start + 50).do(plan.settle(2))
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_Settled", (0, Value.DONE))
    assert world.refusal(plan.settle(0)) == Refusal("Scheduler_Settled", (0, Value.DONE))


def test_an_undo_has_a_turn_of_its_own_and_too_little_gas_reverts(world: World) -> None:
    """G5 for undos: exactly its gas, or not at all."""
    plan = world.scheduled(
        step(world.ping(0), undo=undo(world.ping(9), gas_limit=3_000_000)), step(world.ping(1), closes=50)
    )
    world.do(plan.run(0))
    world.at(plan.start + 50).do(plan.settle(1))
    receipt = world.do(plan.undo(0), gas=2_900_000, expect=False)
    assert receipt.failed
    assert world.values(plan) == "DF"
    world.do(plan.undo(0), gas=3_300_000)
    assert world.values(plan) == "UF"
