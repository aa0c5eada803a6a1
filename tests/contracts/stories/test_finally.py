"""S5: finally steps run after commit, or after abort once own undos are settled; their result changes nothing else."""

from __future__ import annotations

from keeper.wire.types import Join, Status
from tests.contracts.plans import step, undo
from tests.contracts.world import Refusal, World


def test_a_finally_step_runs_after_commit(world: World) -> None:
    """S5: not before; its window counts from the last change of the run."""
    plan = world.scheduled(step(world.note(0)), step(world.note(1), opens=10, closes=20), finals=1)
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    assert world.refusal(plan.settle(1)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    at = plan.start + 700
    world.at(at).do(plan.run(0))
    assert world.status(plan) == Status.FINISHING
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_TooEarly", (1, at + 10, at))
    world.at(at + 10).do(plan.run(1))
    assert (world.values(plan), world.status(plan)) == ("DD", Status.COMPLETED)


def test_a_finally_step_runs_after_abort_and_undo(world: World) -> None:
    """S5: only once own undos are settled."""
    plan = world.scheduled(
        step(world.note(0), undo=undo(world.note(100))), step(world.note(1), closes=50), step(world.note(2)), finals=1
    )
    world.do(plan.run(0))
    world.at(plan.start + 50).do(plan.settle(1))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ABORTING))
    world.do(plan.undo(0))
    assert world.status(plan) == Status.ABORTING
    world.do(plan.run(2))
    assert world.notes() == [0, 100, 2]
    assert (world.values(plan), world.status(plan)) == ("UFD", Status.ABORTED)


def test_a_failed_finally_step_changes_nothing_else(world: World) -> None:
    """S5: a commit stays a commit."""
    plan = world.scheduled(
        step(world.note(0), undo=undo(world.note(100))), step(world.note(1), closes=20), step(world.note(2)), finals=2
    )
    world.do(plan.run(0))
    world.at(plan.start + 20).do(plan.settle(1))
    assert (world.values(plan), world.status(plan)) == ("DFP", Status.FINISHING)
    assert world.refusal(plan.undo(0)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.FINISHING))
    world.do(plan.run(2))
    assert (world.values(plan), world.status(plan)) == ("DFD", Status.COMPLETED)


def test_finally_steps_need_each_other_and_forward_steps(world: World) -> None:
    """Joins work there too: a step for the good end, a step for the bad one, and one after both."""
    for fails in (False, True):
        plan = world.scheduled(
            step(world.note(0), closes=50),
            step(world.note(1), needs=1),
            step(world.note(2), needs=1, join=Join.NONE_DONE),
            step(world.note(3), needs=0b110, join=Join.ANY_DONE),
            finals=3,
        )
        if fails:
            world.at(plan.start + 50).do(plan.settle(0))
        else:
            world.do(plan.run(0))
        good, bad = (2, 1) if fails else (1, 2)
        world.do(plan.run(good))
        assert world.refusal(plan.run(bad)) == Refusal("Scheduler_NeedsFailed", (bad, 1))
        world.do(plan.settle(bad))
        world.do(plan.run(3))
        assert world.values(plan) == ("FSDD" if fails else "DDSD")
        assert world.status(plan) == (Status.ABORTED if fails else Status.COMPLETED)
