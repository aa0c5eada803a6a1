"""G6: deposits come in from anyone, go out to keepers as credits they pull, and what is left goes back to the owner's
Account."""

from __future__ import annotations

import pytest

from keeper.wire.types import Status
from tests.contracts.plans import GWEI, step
from tests.contracts.world import Refusal, World


def test_anyone_adds_to_a_deposit(world: World) -> None:
    """G10: it is a move like any other, but no change of the run."""
    plan = world.scheduled(step(world.ping(0)), deposit_wei=5 * GWEI)
    before = world.word(plan)
    receipt = world.at(world.time + 10).do(plan.deposit(), by=world.stranger, value=7 * GWEI)
    after = world.word(plan)
    assert (after.deposit_gwei, after.move, after.changed) == (12, before.move + 1, before.changed)
    (moved,) = world.events(receipt, "Moved")
    assert (moved["by"], moved["word"]) == (world.stranger.address, world.raw_word(plan))


@pytest.mark.parametrize("value", [0, 1, GWEI - 1, GWEI + 1])
def test_a_deposit_is_whole_gwei_and_not_nothing(world: World, value: int) -> None:
    plan = world.scheduled(step(world.ping(0)))
    assert world.refusal(plan.deposit(), value=value) == Refusal("Scheduler_BadDeposit", (value,))


def test_a_deposit_never_overflows_its_field(world: World) -> None:
    """It has 64 bits of gwei; more is refused, at once or in pieces."""
    most = 2**64 - 1
    world.chain.set_balance(world.stranger.address, 2**100)
    plan = world.scheduled(step(world.ping(0)), deposit_wei=0)
    assert world.refusal(plan.deposit(), by=world.stranger, value=(most + 1) * GWEI) == Refusal(
        "Scheduler_BadDeposit", ((most + 1) * GWEI,)
    )
    world.do(plan.deposit(), by=world.stranger, value=most * GWEI)
    assert world.word(plan).deposit_gwei == most
    assert world.refusal(plan.deposit(), by=world.stranger, value=GWEI) == Refusal("Scheduler_BadDeposit", (GWEI,))


def test_only_a_live_plan_takes_deposits(world: World) -> None:
    """So that no coin is lost in a plan that is over or never was."""
    plan = world.plan(step(world.ping(0)))
    refused = Refusal("Scheduler_WrongStatus", (plan.id, Status.NOT_SCHEDULED))
    assert world.refusal(plan.deposit(), value=GWEI) == refused
    world.do(plan.schedule(), by=world.owner)
    world.do(plan.run(0))
    refused = Refusal("Scheduler_WrongStatus", (plan.id, Status.COMPLETED))
    assert world.refusal(plan.deposit(), value=GWEI) == refused


def test_a_final_plans_deposit_goes_to_the_owners_account(world: World) -> None:
    """By anyone, once; in a final status only."""
    plan = world.scheduled(step(world.ping(0)))
    refused = Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    for who in (world.owner, world.stranger):
        assert world.refusal(plan.reclaim(), by=who) == refused
    world.do(plan.run(0))
    left = world.word(plan).deposit_gwei * GWEI
    assert left > 0
    before = world.account.balance
    world.do(plan.reclaim(), by=world.stranger)
    assert world.account.balance == before + left
    assert world.word(plan).deposit_gwei == 0
    assert world.refusal(plan.reclaim(), by=world.stranger) == Refusal("Scheduler_NothingDue")


def test_it_goes_to_an_account_that_does_not_exist_yet(world: World) -> None:
    """The address is known beforehand; the coin waits there."""
    plan = world.scheduled(step(world.ping(0)), owner=world.stranger, deposit_wei=10**17)
    world.do(plan.cancel(), by=world.stranger)
    world.do(plan.reclaim())
    assert world.chain.get_balance(world.scheduler.accountOf(world.stranger)) == 10**17


def test_credits_are_pulled(world: World) -> None:
    """To any address, all of it, once; nobody else's."""
    plan = world.scheduled(step(world.ping(0)))
    world.do(plan.run(0))
    credit = world.credit(world.keeper)
    to = "0x" + "5a" * 20
    receipt = world.call(world.scheduler, "withdraw", to, by=world.keeper)
    assert world.chain.get_balance(to) == credit
    (event,) = world.events(receipt, "Withdrawn")
    assert (event["keeper"], event["to"].lower(), event["amountWei"]) == (world.keeper.address, to, credit)
    assert world.credit(world.keeper) == 0
    assert world.refuses(world.scheduler, "withdraw", to, by=world.keeper) == Refusal("Scheduler_NothingDue")
    assert world.refuses(world.scheduler, "withdraw", to, by=world.stranger) == Refusal("Scheduler_NothingDue")


def test_a_receiver_that_refuses_keeps_the_credit(world: World) -> None:
    plan = world.scheduled(step(world.ping(0)))
    world.do(plan.run(0))
    hostile = world.contract("Hostile").address
    refused = Refusal("Scheduler_PaymentRefused", (hostile.lower(),))
    assert world.refuses(world.scheduler, "withdraw", hostile, by=world.keeper) == refused
    assert world.credit(world.keeper) > 0


@pytest.mark.parametrize("deposit_wei", [0, GWEI, 1_000 * GWEI])
def test_a_short_deposit_pays_what_is_there_and_reverts_nothing(world: World, deposit_wei: int) -> None:
    """G6: run, settle and undo go through all the same."""
    plan = world.scheduled(
        step(world.ping(0), fee_min_gwei=10**6), step(world.ping(1), closes=50), deposit_wei=deposit_wei, optional=0b10
    )
    world.do(plan.run(0))
    assert world.credit(world.keeper) == deposit_wei
    assert world.word(plan).deposit_gwei == 0
    world.at(plan.start + 50).do(plan.settle(1))
    assert world.status(plan) == Status.COMPLETED
    assert world.credit(world.keeper) == deposit_wei


def test_min_pay_is_the_keepers_own_guard(world: World) -> None:
    """G6: the only way in which a short deposit can revert."""
    plan = world.scheduled(step(world.ping(0)), deposit_wei=1_000 * GWEI)
    refused = Refusal("Scheduler_PaysTooLittle", (1_000 * GWEI, 1_000 * GWEI + 1))
    assert world.refusal(plan.run(0, min_pay=1_000 * GWEI + 1)) == refused
    world.do(plan.run(0, min_pay=1_000 * GWEI))


def test_the_premium_rises_from_when_the_step_is_due(world: World) -> None:
    """G6: linearly over the ramp, from feeMin to feeMax, and stays there."""
    base = world.base_fee
    world.base_fee = GWEI
    paid = {}
    for late in (0, 1, 50, 99, 100, 400):
        plan = world.scheduled(
            step(world.ping(0), opens=10, fee_min_gwei=1_000, fee_max_gwei=11_000, ramp=100), cap_wei=0
        )
        before = world.credit(world.keeper)
        world.at(plan.start + 10 + late).do(plan.run(0))
        paid[late] = world.credit(world.keeper) - before
    world.base_fee = base
    wanted = {0: 1_000, 1: 1_100, 50: 6_000, 99: 10_900, 100: 11_000, 400: 11_000}
    assert paid == {late: fee * GWEI for late, fee in wanted.items()}


def test_the_price_is_the_base_fee_up_to_the_cap(world: World) -> None:
    """G6: never the keeper's own gas price."""
    world.do(world.scheduled(step(world.ping(0))).run(0))
    paid = []
    for base, cap in ((10, 100), (200, 100), (1_000, 100)):
        world.base_fee = base * GWEI
        plan = world.scheduled(step(world.ping(0)), cap_wei=cap * GWEI)
        before = world.credit(world.keeper)
        world.do(plan.run(0))
        paid.append(world.credit(world.keeper) - before)
    assert paid[1] == paid[2]
    assert abs(paid[1] - 10 * paid[0]) < paid[0] // 100


def test_a_plan_cannot_spend_anothers_deposit(world: World) -> None:
    """Whatever a plan's keepers earn comes out of that plan's word; the others' words and the contract's balance
    tell."""
    rich = world.scheduled(step(world.ping(0)), deposit_wei=10**18)
    poor = world.scheduled(step(world.ping(1), fee_min_gwei=2**40 - 1), deposit_wei=3 * GWEI)
    before = world.raw_word(rich)
    world.do(poor.run(0))
    assert world.credit(world.keeper) == 3 * GWEI
    assert world.raw_word(rich) == before
    assert world.scheduler.balance == world.word(rich).deposit_gwei * GWEI + world.credit(world.keeper)
