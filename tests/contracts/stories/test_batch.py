"""runMany: several pieces of work in one transaction; a bad one is undone and spoils nothing, and the 21,000 is
shared."""

from __future__ import annotations

from keeper.wire.types import Status
from tests.contracts.plans import Ask, Op, Plan, call, condition, step
from tests.contracts.world import Refusal, World


def batch(world: World, *asks: Ask) -> Ask:
    return Ask("runMany", ([world.calldata(ask) for ask in asks],))


def one_step_plans(world: World, count: int) -> list[Plan]:
    return [world.scheduled(step(world.ping(i))) for i in range(count)]


def test_a_bad_item_spoils_nothing(world: World) -> None:
    """The mask says which went through; the failing item is as if it had never been."""
    good, early, failing, last = (
        world.scheduled(step(world.ping(1))),
        world.scheduled(step(world.ping(2), opens=50)),
        world.scheduled(step(world.ping(3), world.fail())),
        world.scheduled(step(world.ping(4))),
    )
    ask = batch(world, *(plan.run(0) for plan in (good, early, failing, last)), Ask("runMany", ([],)), good.run(0))
    assert int(world.scheduler.runMany.call(*ask.args, sender=world.keeper)) == 0b001001
    world.do(ask)
    assert [world.values(plan) for plan in (good, early, failing, last)] == ["D", "P", "P", "D"]
    assert [world.target.pings(i) for i in range(1, 5)] == [1, 0, 0, 1]


def test_items_depend_on_those_before_them(world: World) -> None:
    """Steps of one plan in their order, in one transaction; out of order the later one fails alone."""
    plan = world.scheduled(step(world.note(0)), step(world.note(1), needs=1), step(world.note(2), needs=2))
    world.do(batch(world, plan.run(1), plan.run(0), plan.run(1), plan.run(2)))
    assert world.notes() == [0, 1, 2]
    assert world.status(plan) == Status.COMPLETED


def test_the_batch_takes_every_kind_of_work(world: World) -> None:
    """run, settle, expire, undo and learn are items; so is anything else the caller may do without value."""
    lapsed = world.scheduled(step(world.ping(0), closes=10))
    fresh = world.scheduled(step(world.ping(1)), start=world.time + 10)
    world.at(world.time + 10)
    world.do(batch(world, lapsed.settle(0), fresh.run(0)))
    assert (world.values(lapsed), world.values(fresh)) == ("F", "D")
    world.do(batch(world, Ask("withdraw", (world.keeper.address,))))
    assert world.credit(world.keeper) == 0


def test_the_caller_is_who_called_the_batch(world: World) -> None:
    """An item has no more rights than its sender: the keeper cannot cancel for the owner through it."""
    plan = world.scheduled(step(world.ping(0)))
    world.do(batch(world, plan.cancel()))
    assert world.status(plan) == Status.ACTIVE
    world.do(batch(world, plan.cancel()), by=world.owner)
    assert world.status(plan) == Status.ABORTED


def test_no_item_carries_value(world: World) -> None:
    """runMany takes no coin, so no item can count the same coin twice."""
    plan = world.scheduled(step(world.ping(0)))
    ask = batch(world, plan.deposit(), plan.deposit())
    assert world.refusal(ask, value=10**9) == Refusal("", (b"",))
    before = world.word(plan).deposit_gwei
    world.do(ask)
    assert world.word(plan).deposit_gwei == before


def test_the_base_gas_is_shared(world: World) -> None:
    """G6: one transaction's 21,000 is repaid once, however many items; a second batch in the same transaction gets
    none."""
    world.do(one_step_plans(world, 1)[0].run(0))
    plans = one_step_plans(world, 5)
    before = world.credit(world.keeper)
    receipt = world.do(batch(world, *(plan.run(0) for plan in plans)))
    paid = world.credit(world.keeper) - before
    assert paid <= receipt.gas_used * world.base_fee
    forwarder = world.contract("Forwarder")
    one, two = one_step_plans(world, 2)
    for plan in (one, two):
        world.call(forwarder, "forward", world.scheduler.address, world.calldata(plan.run(0)))
    first = world.credit(forwarder)
    third, fourth = one_step_plans(world, 2)
    world.call(forwarder, "replay", world.scheduler.address, world.calldata(batch(world, third.run(0))), 1)
    assert world.values(third) == "D"
    second = world.credit(forwarder) - first
    assert second < first
    assert world.values(fourth) == "P"


def test_a_condition_in_a_batch_is_its_items_own(world: World) -> None:
    """A false condition fails its item only."""
    gated = world.scheduled(step(world.ping(0), conditions=(condition(world.answers, "word()", Op.EQ, 1),)))
    setter = world.scheduled(step(call(world.answers, "set(uint256,uint256)", 0, 1)))
    world.do(batch(world, gated.run(0), setter.run(0)))
    assert (world.values(gated), world.values(setter)) == ("P", "D")
    world.do(batch(world, gated.run(0)))
    assert world.values(gated) == "D"


def test_more_items_than_the_mask_has_bits_is_refused_or_harmless(world: World) -> None:
    """300 items: each is made; the mask tells of the first 256."""
    plan = world.scheduled(step(world.ping(0)))
    world.do(batch(world, *([Ask("publish", (bytes(32), b""))] * 299), plan.run(0)))
    assert world.values(plan) == "D"
