"""S2: what a step becomes without being run, tested in the order: needs impossible, own needs unsettled, condition
false, window lapsed."""

from __future__ import annotations

import itertools

from keeper.wire.types import Join, Status, Value
from tests.contracts.plans import GWEI, step
from tests.contracts.world import Refusal, World


def test_needs_that_can_no_longer_be_met_skip_the_step(world: World) -> None:
    """S2: at once, long before its window opens, and even if other needs are still open."""
    plan = world.scheduled(
        step(world.ping(0), closes=5),
        step(world.ping(1)),
        step(world.ping(2), needs=0b11, opens=500, closes=600),
        optional=1,
    )
    world.at(plan.start + 5).do(plan.settle(0))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_NeedsFailed", (2, 0b11))
    world.do(plan.settle(2))
    assert world.values(plan) == "SPS"


def test_own_needs_come_before_the_lapse(world: World) -> None:
    """S2 [model]: a window that is over does not fail a step whose need nobody settled yet; so poke order does not
    matter."""
    plan = world.scheduled(step(world.ping(0), closes=5), step(world.ping(1), needs=1, closes=6), optional=0b01)
    world.at(plan.start + 10)
    assert world.refusal(plan.settle(1)) == Refusal("Scheduler_NeedsPending", (1, 1))
    world.do(plan.settle(0))
    world.do(plan.settle(1))
    assert world.values(plan) == "SS"
    assert world.status(plan) == Status.COMPLETED


def test_a_lapsed_window_is_a_miss(world: World) -> None:
    """S2: onMiss abort makes it Failed, onMiss skip Skipped; not a second before."""
    plan = world.scheduled(
        step(world.ping(0), closes=50), step(world.ping(1), closes=50), step(world.ping(2)), optional=1
    )
    for i in (0, 1):
        assert world.at(plan.start + 49).refusal(plan.settle(i)) == Refusal("Scheduler_NotLapsed", (i, plan.start + 50))
    world.at(plan.start + 50).do(plan.settle(0))
    assert world.status(plan) == Status.ACTIVE
    world.do(plan.settle(1))
    assert world.values(plan) == "SFS"
    assert world.status(plan) == Status.ABORTED


def test_what_is_settled_stays(world: World) -> None:
    """X1: nothing settles twice."""
    plan = world.scheduled(step(world.ping(0)), step(world.ping(1)))
    world.do(plan.run(0))
    assert world.at(plan.start + 5_000).refusal(plan.settle(0)) == Refusal("Scheduler_Settled", (0, Value.DONE))
    world.do(plan.settle(1))
    assert world.refusal(plan.settle(1)) == Refusal("Scheduler_Settled", (1, Value.FAILED))
    assert world.refusal(plan.run(1)) == Refusal("Scheduler_Settled", (1, Value.FAILED))


def test_settling_is_paid_the_poke_fee(world: World) -> None:
    """S2, G6, G7: a wait's end is paid, and costs only what it costs."""
    plan = world.scheduled(step(world.ping(0), closes=5, fee_min_gwei=10**6), optional=1, poke_fee_gwei=777)
    receipt = world.at(plan.start + 5).do(plan.settle(0))
    paid = world.credit(world.keeper)
    cost = receipt.gas_used * world.base_fee
    assert 777 * GWEI < paid <= cost + 777 * GWEI


def test_poke_order_never_changes_an_outcome(world: World) -> None:
    """G10: a lapsed plan of five steps with every join, settled in all orders that the rules allow: one outcome each
    time."""
    outcomes = set()
    for order in itertools.permutations(range(4)):
        plan = world.plan(
            step(world.ping(0), closes=5),
            step(world.ping(1), needs=0b001, join=Join.NONE_DONE, closes=5),
            step(world.ping(2), needs=0b011, join=Join.ANY_DONE, closes=5),
            step(world.ping(3), needs=0b101, join=Join.ALL_DONE, closes=5),
            optional=0b1011,
        )
        world.do(plan.schedule(), by=world.owner, value=10**18)
        world.do(plan.run(0))
        world.at(world.time + 5)
        left = [i for i in order if i != 0]
        while left:
            able = [i for i in left if world.refusal(plan.settle(i)) is None]
            if not able:
                break
            world.do(plan.settle(able[0]))
            left = [i for i in left if world.word(plan).values[i] == Value.PENDING]
        outcomes.add((world.values(plan), world.status(plan)))
    assert outcomes == {("DSFS", Status.ABORTED)}
