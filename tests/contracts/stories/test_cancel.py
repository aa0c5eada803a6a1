"""S3: the owner or the guardian turns a plan, only while something of it is still Pending here; no run follows."""

from __future__ import annotations

from keeper.wire.codec import encode_calls
from keeper.wire.types import Status
from tests.contracts.plans import address, call, step, undo
from tests.contracts.world import Refusal, World


def test_a_cancel_fails_what_is_pending_and_undoes_what_is_done(world: World) -> None:
    """S3: in one transaction; the undo follows as after any abort."""
    plan = world.scheduled(step(world.note(0), undo=undo(world.note(100))), step(world.note(1)))
    world.do(plan.run(0))
    receipt = world.do(plan.cancel(), by=world.owner)
    assert (world.values(plan), world.status(plan)) == ("DF", Status.ABORTING)
    assert world.word(plan).cancelled
    (moved,) = world.events(receipt, "Moved")
    assert (moved["by"], moved["word"]) == (world.owner.address, world.raw_word(plan))
    world.do(plan.undo(0))
    assert (world.values(plan), world.status(plan)) == ("UF", Status.ABORTED)


def test_who_may_cancel(world: World) -> None:
    """The owner, its Account, the guardian: nobody else, and the guardian nothing else."""
    for who in ("owner", "account", "guardian"):
        plan = world.scheduled(step(world.ping(0)), guardian=address(world.guardian))
        refused = Refusal("Scheduler_NotOwner", (world.owner.address.lower(), world.stranger.address.lower()))
        assert world.refusal(plan.cancel(), by=world.stranger) == refused
        if who == "account":
            ask = plan.cancel()
            calls = encode_calls([call(world.scheduler, "cancel(bytes)", *ask.args)])
            world.call(world.account, "perform", calls, by=world.owner)
        else:
            world.do(plan.cancel(), by=getattr(world, who))
        assert world.status(plan) == Status.ABORTED, who


def test_a_plan_without_a_guardian_is_not_cancelled_by_nobody(world: World) -> None:
    """The zero guardian is no one: only its own (impossible) call would match."""
    plan = world.scheduled(step(world.ping(0)))
    refused = world.refusal(plan.cancel(), by=world.guardian)
    assert refused is not None
    assert refused.name == "Scheduler_NotOwner"


def test_a_decided_plan_is_not_cancelled(world: World) -> None:
    """S3: nothing can change a decision; a cancel needs an own Pending forward step."""
    finishing = world.scheduled(step(world.ping(0)), step(world.ping(1)), finals=1)
    world.do(finishing.run(0))
    wrong = Refusal("Scheduler_WrongStatus", (finishing.id, Status.FINISHING))
    assert world.refusal(finishing.cancel(), by=world.owner) == wrong
    twice = world.scheduled(step(world.ping(0), undo=undo(world.ping(2))), step(world.ping(1)))
    world.do(twice.run(0))
    world.do(twice.cancel(), by=world.owner)
    assert world.refusal(twice.cancel(), by=world.owner) == Refusal(
        "Scheduler_WrongStatus", (twice.id, Status.ABORTING)
    )
    unknown = world.plan(step(world.ping(0)))
    wrong = Refusal("Scheduler_WrongStatus", (unknown.id, Status.NOT_SCHEDULED))
    assert world.refusal(unknown.cancel(), by=world.owner) == wrong


def test_a_cancel_ends_a_recurring_plan_whatever_stop_on_abort_says(world: World) -> None:
    """S3: also between runs, and although an abort would be followed by the next run."""
    for between in (False, True):
        plan = world.scheduled(step(world.ping(0)), step(world.ping(1)), runs=5, interval=2_000)
        world.do(plan.run(0))
        if between:
            world.do(plan.run(1))
            assert world.word(plan).run == 1
        world.do(plan.cancel(), by=world.owner)
        assert (world.status(plan), world.word(plan).run) == (Status.ABORTED, int(between))
        refused = world.refusal(plan.run(0))
        assert refused is not None


def test_finally_steps_still_run_after_a_cancel(world: World) -> None:
    """S5."""
    plan = world.scheduled(step(world.note(0)), step(world.note(1)), finals=1)
    world.do(plan.cancel(), by=world.owner)
    assert world.status(plan) == Status.ABORTING
    world.do(plan.run(1))
    assert (world.values(plan), world.status(plan)) == ("FD", Status.ABORTED)
