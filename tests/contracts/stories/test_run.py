"""S1: a step runs when the plan is active, its needs are met, its window is open and its conditions are true; or not
at all."""

from __future__ import annotations

from eth_utils import keccak

from keeper.wire.types import Join, Status, Value
from tests.contracts.plans import GWEI, Ask, Plan, call, step
from tests.contracts.world import Refusal, World


def test_a_step_runs_from_the_owners_account_and_pays_the_keeper(world: World) -> None:
    """S1, G2, G6: the target sees the Account; the keeper's credit is what the deposit lost."""
    plan = world.scheduled(step(world.note(7, value=5), fee_min_gwei=1_000))
    receipt = world.do(plan.run(0))
    (noted,) = world.target.notes()
    assert (noted.by, noted.tag, noted.value) == (world.account.address, 7, 5)
    assert world.word(plan).status == Status.COMPLETED
    assert world.values(plan) == "D"
    paid = world.credit(world.keeper)
    assert paid == 10**18 - world.word(plan).deposit_gwei * GWEI
    assert paid > 1_000 * GWEI
    (moved,) = world.events(receipt, "Moved")
    assert (moved["plan"], moved["by"], moved["word"]) == (plan.id, world.keeper.address, world.raw_word(plan))


def test_a_step_runs_once(world: World) -> None:
    """S1, X1: what is Done is not run again, in the same block or later."""
    plan = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    world.do(plan.run(0))
    refused = Refusal("Scheduler_Settled", (0, Value.DONE))
    assert world.refusal(plan.run(0)) == refused
    assert world.at(world.time + 10).refusal(plan.run(0)) == refused
    assert world.target.pings(1) == 1


def test_a_step_runs_neither_early_nor_late(world: World) -> None:
    """S1: the window is base + opens <= now < base + closes, to the second."""
    plan = world.scheduled(step(world.ping(1), opens=10, closes=20), step(world.ping(2), opens=10, closes=20))
    at = plan.start
    assert world.at(at + 9).refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, at + 10, at + 9))
    world.at(at + 10).do(plan.run(0))
    assert world.at(at + 19).refusal(plan.run(1)) is None
    assert world.at(at + 20).refusal(plan.run(1)) == Refusal("Scheduler_WindowClosed", (1, at + 20, at + 20))


def test_the_window_counts_in_blocks_on_the_blocks_clock(world: World) -> None:
    """S1: the same to the block."""
    plan = world.scheduled(step(world.ping(1), opens=3, closes=5), seconds_clock=False)
    at = plan.start
    assert world.at_block(at + 2).refusal(plan.run(0)) == Refusal("Scheduler_TooEarly", (0, at + 3, at + 2))
    assert world.at_block(at + 4).refusal(plan.run(0)) is None
    assert world.at_block(at + 5).refusal(plan.run(0)) == Refusal("Scheduler_WindowClosed", (0, at + 5, at + 5))
    assert world.at_block(at + 3).do(plan.run(0)).block_number == at + 3


def test_all_needs_must_be_done(world: World) -> None:
    """S1: out of order is refused, and says what is missing."""
    plan = world.scheduled(step(world.ping(0)), step(world.ping(1)), step(world.ping(2), needs=0b11))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_NeedsPending", (2, 0b11))
    world.do(plan.run(1))
    assert world.refusal(plan.run(2)) == Refusal("Scheduler_NeedsPending", (2, 0b01))
    world.do(plan.run(0))
    world.do(plan.run(2))
    assert world.values(plan) == "DDD"


def test_any_none_and_settled_wait_for_every_need(world: World) -> None:
    """S1: these joins are decided when every need is known: any takes one Done, none takes none, settled takes all."""
    joins = [Join.ANY_DONE, Join.NONE_DONE, Join.SETTLED]
    plan = world.scheduled(
        step(world.ping(0)),
        step(world.ping(1), closes=50),
        *(step(world.ping(2 + i), needs=0b11, join=join) for i, join in enumerate(joins)),
        optional=0b10,
    )
    world.do(plan.run(0))
    for i in (2, 3, 4):
        assert world.refusal(plan.run(i)) == Refusal("Scheduler_NeedsPending", (i, 0b10))
    world.at(plan.start + 50).do(plan.settle(1))
    world.do(plan.run(2))
    assert world.refusal(plan.run(3)) == Refusal("Scheduler_NeedsFailed", (3, 0b11))
    world.do(plan.settle(3))
    world.do(plan.run(4))
    assert world.values(plan) == "DSDSD"


def test_an_else_branch_runs_when_none_is_done(world: World) -> None:
    """S1: join none."""
    plan = world.scheduled(step(world.ping(0), closes=5), step(world.ping(1), needs=1, join=Join.NONE_DONE), optional=1)
    world.at(plan.start + 5).do(plan.settle(0))
    world.do(plan.run(1))
    assert world.values(plan) == "SD"


def test_failing_calls_cost_the_plan_nothing(world: World) -> None:
    """S1: a call that reverts reverts everything; the step stays Pending, nobody is paid, a later keeper can still run
    it."""
    plan = world.scheduled(step(world.ping(1), world.fail(9)))
    before = world.raw_word(plan)
    refused = world.refusal(plan.run(0))
    assert refused is not None
    assert refused.name == "Scheduler_CallsFailed"
    assert refused.values[0] == 0
    receipt = world.do(plan.run(0), expect=False)
    assert receipt.failed
    assert world.raw_word(plan) == before
    assert world.credit(world.keeper) == 0
    assert world.target.pings(1) == 0


def test_calls_of_a_step_are_made_in_order_all_or_nothing(world: World) -> None:
    """S1: the order of the leaf, from one Account."""
    plan = world.scheduled(step(*(world.note(tag) for tag in (3, 1, 2))))
    world.do(plan.run(0))
    assert world.notes() == [3, 1, 2]


def test_other_bytes_are_another_plan(world: World) -> None:
    """G3: one changed byte of calldata, gas, window, header or proof leads to a plan that nobody scheduled."""
    plan = world.scheduled(step(world.ping(1)), step(world.ping(2)), step(world.ping(3)))
    item = plan.item(0)
    for i in range(len(item)):
        changed = item[:i] + bytes([item[i] ^ 1]) + item[i + 1 :]
        assert world.refusal(Ask("run", (changed, 0))) is not None, f"byte {i} does not matter"
    first, second = item[:-64], [item[-64:-32], item[-32:]]
    for proof in (second[:1], second[::-1], [*second, bytes(32)], []):
        refused = world.refusal(Ask("run", (first + b"".join(proof), 0)))
        assert refused is not None
        assert (refused.name, refused.values[1]) == ("Scheduler_WrongStatus", Status.NOT_SCHEDULED)
    assert world.refusal(plan.run(0)) is None


def test_a_step_of_another_plan_does_not_run_in_this_one(world: World) -> None:
    """G3: the same step, header and owner, but a proof under another root."""
    mine = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    other = Plan(mine.header, (mine.steps[0], world.plan(step(), step(world.ping(3))).steps[1]))
    assert mine.item(0)[:-32] == other.item(0)[:-32]
    refused = Refusal("Scheduler_WrongStatus", (other.id, Status.NOT_SCHEDULED))
    assert world.refusal(other.run(0)) == refused
    world.do(other.schedule(), by=world.owner)
    world.do(other.run(0))
    assert (world.values(mine), world.values(other)) == ("PP", "DP")


def test_a_leaf_is_hashed_twice(world: World) -> None:
    """G3: so that the 64 bytes under an inner node are not a step; a root over a step hashed once leads to no plan."""
    plan = world.plan(step(world.ping(1)))
    leaf = plan.leaves[0]
    item = plan.bytes_ + len(leaf).to_bytes(3, "big") + leaf
    for root, runs in ((keccak(leaf), False), (keccak(keccak(leaf)), True)):
        world.do(Ask("schedule", (plan.bytes_ + root,)), by=world.owner)
        refused = world.refusal(Ask("run", (item, 0)))
        assert (refused is None) == runs, refused
    assert plan.root == keccak(keccak(leaf))


def test_nothing_runs_before_it_is_scheduled_or_without_an_account(world: World) -> None:
    """S1; an owner without an Account: calls would go to an address without code and pass for success."""
    plan = world.plan(step(world.ping(1)))
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.NOT_SCHEDULED))
    orphan = world.scheduled(step(world.ping(1)), owner=world.stranger)
    where = world.scheduler.accountOf(world.stranger)
    assert world.refusal(orphan.run(0)) == Refusal("Scheduler_NoAccount", (where.lower(),))
    world.call(world.scheduler, "createAccount", world.stranger.address)
    world.do(orphan.run(0))
    assert world.values(orphan) == "D"


def test_a_step_may_schedule_a_child_plan_and_add_to_a_deposit(world: World) -> None:
    """G8: schedule, deposit and publish take no lock, so a step can call them; the parent's payment counts the deposit
    made meanwhile."""
    child = world.plan(step(world.ping(5)))
    parent = world.plan(step(call(world.scheduler, "schedule(bytes)", child.packed()), gas_limit=400_000))
    world.do(parent.schedule(), by=world.owner, value=10**18)
    world.do(parent.run(0))
    assert world.status(child) == Status.ACTIVE
    richer = world.scheduled(step(call(world.scheduler, "publish(bytes32,bytes)", child.id, b"x"), world.ping(6)))
    generous = world.scheduled(step(call(world.scheduler, "deposit(bytes32)", richer.id, value=GWEI * 5)))
    before = world.word(richer).deposit_gwei
    world.do(generous.run(0))
    assert world.word(richer).deposit_gwei == before + 5
    world.do(richer.run(0))
    assert world.values(richer) == "D"
