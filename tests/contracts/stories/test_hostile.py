"""G8: bombs, burners and re-entry: whatever a target, a condition, a referee or a receiver does, others feel nothing
of it."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from keeper.wire.codec import encode_calls
from keeper.wire.types import Call, Status
from tests.contracts.plans import GWEI, Ask, Op, Plan, address, call, condition, data, read, step, undo
from tests.contracts.world import Refusal, World, refusal_of

UNLOCKED = {"schedule", "scheduleFor", "deposit", "publish"}
LOCKED = keccak(text="Scheduler_Locked()")[:4]


def hostile(world: World, name: str, *args: object) -> Call:
    return call(world.contract("Hostile"), name, *args)


def cost(world: World, ask: Ask, by: object = None) -> tuple[int, int]:
    """What the keeper got and what it spent, in wei."""
    keeper = by or world.keeper
    before = world.credit(keeper)
    receipt = world.do(ask, by=by)
    return world.credit(keeper) - before, receipt.gas_used * world.base_fee


@pytest.mark.parametrize(
    "bad",
    [("revertBomb(uint256)", 40_000), ("burnAll()",), ("fail(uint256)", 1), ("failSilently()",)],
    ids=lambda bad: bad[0].partition("(")[0],
)
def test_a_failing_target_in_a_batch_spoils_nothing(world: World, bad: tuple[object, ...]) -> None:
    """G8: the others run, in the same order, with the same outcome; nobody is paid for the bad one."""
    name, *args = bad
    plans = [
        world.scheduled(step(world.note(1))),
        world.scheduled(step(world.note(2), hostile(world, str(name), *args), gas_limit=1_000_000)),
        world.scheduled(step(world.note(3))),
    ]
    before = world.raw_word(plans[1])
    ask = Ask("runMany", ([world.calldata(plan.run(0)) for plan in plans],))
    paid, spent = cost(world, ask)
    assert [world.values(plan) for plan in plans] == ["D", "P", "D"]
    assert world.notes() == [1, 3]
    assert world.raw_word(plans[1]) == before
    assert paid <= spent


@pytest.mark.parametrize("size", [0, 32, 100_000])
def test_a_return_bomb_is_not_copied(world: World, size: int) -> None:
    """G8: as a target, a condition or a read: only what is wanted is copied, so the size costs only the target's own
    gas."""
    bomb = ("bomb(uint256)", size)
    contract = world.contract("Hostile")
    steps = [step(hostile(world, *bomb), gas_limit=400_000)]
    if size:
        steps.append(step(world.ping(1), conditions=(condition(contract, bomb[0], Op.EQ, 1, size, gas_limit=400_000),)))
        steps.append(step(world.note(9), reads=(read(contract, bomb[0], 34 + 4, size, gas_limit=400_000),)))
    plan = world.scheduled(*steps)
    for i in range(len(steps)):
        paid, spent = cost(world, plan.run(i))
        assert 0.97 * spent <= paid <= spent
        assert spent / world.base_fee < 250_000
    assert world.status(plan) == Status.COMPLETED


def test_huge_revert_data_is_cut(world: World) -> None:
    """G8: at most 256 bytes of a target's revert, at most 512 of the Account's, and the keeper's cost is bounded by
    the step's gas."""
    for size in (255, 256, 257, 100_000):
        plan = world.scheduled(step(hostile(world, "revertBomb(uint256)", size), gas_limit=500_000))
        refused = world.refusal(plan.run(0))
        assert refused is not None
        assert (refused.name, refused.values[0]) == ("Scheduler_CallsFailed", 0)
        assert len(refused.values[1]) <= 512
        inner = refusal_of(refused.values[1])
        assert (inner.name, inner.values[0], len(inner.values[1])) == ("Account_CallFailed", 0, min(size, 256))
        assert inner.values[1].startswith(b"\xff" * 32)
        receipt = world.do(plan.run(0), expect=False)
        assert receipt.failed
        assert receipt.gas_used < 600_000


def test_a_gas_burner_costs_at_most_its_limit(world: World) -> None:
    """G3, G5: the target gets exactly what the plan commits to, whatever the keeper sent."""
    for limit in (100_000, 1_000_000):
        plan = world.scheduled(step(hostile(world, "burnAll()"), gas_limit=limit))
        receipt = world.do(plan.run(0), gas=7_000_000, expect=False)
        assert receipt.failed
        assert limit < receipt.gas_used < limit + 100_000


def test_a_burner_that_succeeds_is_paid_at_cost(world: World) -> None:
    """G6: the plan pays for the gas its own target takes, no more."""
    plan = world.scheduled(step(hostile(world, "burn(uint256)", 300_000), gas_limit=400_000))
    paid, spent = cost(world, plan.run(0))
    assert 0.985 * spent <= paid <= spent


def test_an_account_that_does_not_answer_is_none(world: World) -> None:
    """An Account must say its magic word: one that swallows the call made none, and the step is not Done."""
    impostor, mute = world.contract("Impostor"), world.contract("Mute", "Impostor")
    world.call(mute, "pose", world.owner.address)
    world.call(impostor, "pose", world.owner.address, mute.address)
    plan = world.scheduled(step(world.ping(1)), factory=address(impostor))
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_CallsFailed", (0, b""))
    world.call(impostor, "pose", world.owner.address, world.account.address)
    world.do(plan.run(0))
    assert world.target.pings(1) == 1


# ---------------------------------------------------------------------- re-entry


def mutators(world: World, victim: Plan) -> dict[str, bytes]:
    """Calldata of every function of the Scheduler that changes state, as far as possible such that it would go
    through."""
    ready = {
        "run": victim.run(1),
        "settle": victim.settle(1),
        "cancel": victim.cancel(),
        "expire": victim.expire(),
        "reclaim": victim.reclaim(),
        "void": victim.void(),
        "undo": victim.undo(0),
        "report": victim.report(0, 1, world.stranger),
        "runMany": Ask("runMany", ([world.calldata(victim.run(1))],)),
        "learn": Ask("learn", (victim.short, b"", [], b"")),
        "createAccount": Ask("createAccount", (world.stranger.address,)),
        "withdraw": Ask("withdraw", (world.stranger.address,)),
        "join": Ask("join", (world.stranger.address,)),
        "rotate": Ask("rotate", (0, world.stranger.address)),
        "accept": Ask("accept", (0,)),
        "vacate": Ask("vacate", (0,)),
        "release": Ask("release", (0, world.stranger.address)),
    }
    return {name: world.calldata(ask) for name, ask in ready.items()}


def test_the_list_of_mutators_is_whole(world: World) -> None:
    """Every function that changes state is locked or is one of the four that only touch their own plan's word."""
    changing = {
        function.name for function in world.scheduler.contract_type.mutable_methods if not function.name.startswith("_")
    }
    assert set(mutators(world, world.scheduled(step(world.ping(1)), step(world.ping(2))))) | UNLOCKED == changing


def test_a_target_re_enters_no_mutator(world: World) -> None:
    """G8: each answers Scheduler_Locked; the step itself goes through, and the victim's word does not move."""
    reenterer = world.contract("Reenterer")
    victim = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    for name, calldata in mutators(world, victim).items():
        before = world.raw_word(victim)
        world.call(reenterer, "arm", world.scheduler.address, calldata)
        plan = world.scheduled(step(call(reenterer, "enter()"), gas_limit=900_000))
        entered = reenterer.entered()
        paid, spent = cost(world, plan.run(0))
        assert reenterer.entered() == entered + 1
        assert (reenterer.ok(), bytes(reenterer.answer())[:4]) == (False, LOCKED), name
        assert (world.values(plan), world.raw_word(victim)) == ("D", before), name
        assert paid <= spent


def test_an_undo_re_enters_no_mutator(world: World) -> None:
    """G8: the same from an undo's calls."""
    reenterer = world.contract("Reenterer")
    victim = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    for name, calldata in mutators(world, victim).items():
        world.call(reenterer, "arm", world.scheduler.address, calldata)
        plan = world.scheduled(step(undo=undo(call(reenterer, "enter()"), gas_limit=900_000), gas_limit=10_000), step())
        world.do(plan.run(0))
        world.do(plan.cancel(), by=world.owner)
        world.do(plan.undo(0))
        assert (reenterer.ok(), bytes(reenterer.answer())[:4]) == (False, LOCKED), name


def test_re_entry_through_the_account_is_re_entry(world: World) -> None:
    """G8: the plan's own calls to the Scheduler come from the Account, which is the owner: locked all the same."""
    victim = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    for name, calldata in mutators(world, victim).items():
        plan = world.scheduled(step(Call(address(world.scheduler), 0, calldata), gas_limit=900_000))
        refused = world.refusal(plan.run(0))
        assert refused is not None, name
        inner = refusal_of(refused.values[1])
        assert inner == Refusal("Account_CallFailed", (0, LOCKED)), name


def test_a_target_cannot_use_the_account_it_is_called_by(world: World) -> None:
    """G2: being called by the Account gives no right over it; nor can the Account call itself."""
    reenterer = world.contract("Reenterer")
    theft = encode_calls([call(world.stranger, value=10**18)])
    inside = data("perform(bytes)", theft)
    world.call(reenterer, "arm", world.account.address, inside)
    plan = world.scheduled(step(call(reenterer, "enter()")))
    balance = world.account.balance
    world.do(plan.run(0))
    assert not reenterer.ok()
    assert bytes(reenterer.answer())[:4] == keccak(text="Account_NotAllowed(address)")[:4]
    itself = world.scheduled(step(Call(address(world.account), 0, inside)))
    refused = world.refusal(itself.run(0))
    assert refused is not None
    assert refused.name == "Scheduler_CallsFailed"
    assert world.account.balance == balance


def test_the_owner_may_act_through_the_account_while_a_step_runs(world: World) -> None:
    """G2: an owner that is a contract and is called by its own step: its calls are its own affair, once each."""
    wallet = world.contract("Wallet")
    world.call(world.scheduler, "createAccount", wallet.address)
    account = world.account_of(wallet.address)
    inner = data("perform(bytes)", encode_calls([world.note(7)]))
    act = call(wallet, "execute(address,uint256,bytes)", account.address, 0, inner)
    plan = world.plan(step(world.note(6), act, world.note(8)), owner=wallet.address)
    world.call(wallet, "execute", world.scheduler.address, 0, world.calldata(plan.schedule()))
    world.do(plan.run(0))
    assert world.notes() == [6, 7, 8]
    assert world.values(plan) == "D"


def test_a_condition_and_a_read_cannot_re_enter(world: World) -> None:
    """G8: they are static and the lock is taken: they see (0, Scheduler_Locked), and nothing changes."""
    reenterer = world.contract("Reenterer")
    victim = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    locked = int.from_bytes(LOCKED, "big")
    for name, calldata in mutators(world, victim).items():
        before = world.raw_word(victim)
        world.call(reenterer, "arm", world.scheduler.address, calldata)
        gates = (
            condition(reenterer, "ask()", Op.EQ, 0, gas_limit=300_000),
            condition(reenterer, "ask()", Op.EQ, locked, word=1, gas_limit=300_000),
        )
        plan = world.scheduled(
            step(world.note(1), conditions=gates, reads=(read(reenterer, "ask()", 34 + 4, word=1, gas_limit=300_000),))
        )
        assert world.refusal(plan.run(0)) is None, name
        world.do(plan.run(0))
        assert world.notes()[-1] == locked
        assert world.raw_word(victim) == before


def test_a_batch_item_cannot_run_another_item_from_inside(world: World) -> None:
    """G8 through runMany: the inner call is locked out, the outer item follows in its turn, once."""
    reenterer = world.contract("Reenterer")
    second = world.scheduled(step(world.note(2)))
    for inner in (second.run(0), Ask("runMany", ([world.calldata(second.run(0))],))):
        world.call(reenterer, "arm", world.scheduler.address, world.calldata(inner))
        first = world.scheduled(step(call(reenterer, "enter()"), gas_limit=900_000))
        snapshot = world.chain.snapshot()
        world.do(Ask("runMany", ([world.calldata(first.run(0)), world.calldata(second.run(0))],)))
        assert (world.values(first), world.values(second), world.notes()) == ("D", "D", [2])
        assert not reenterer.ok()
        world.chain.restore(snapshot)
    nested = Ask("runMany", ([world.calldata(second.run(0))],))
    world.do(Ask("runMany", ([world.calldata(nested), world.calldata(second.run(0))],)))
    assert world.notes() == [2]


def test_a_receiver_re_enters_no_withdrawal(world: World) -> None:
    """G6, G8: credit is gone before the coin is sent; a second withdrawal from inside is locked, and from outside
    finds nothing."""
    reenterer, forwarder = world.contract("Reenterer"), world.contract("Forwarder")
    plan = world.scheduled(step(world.ping(1)), step(world.ping(2)))
    world.do(plan.run(0))
    world.call(forwarder, "forward", world.scheduler.address, world.calldata(plan.run(1)))
    again = world.calldata(Ask("withdraw", (reenterer.address,)))
    world.call(reenterer, "arm", world.scheduler.address, again)
    credit, others = world.credit(forwarder), world.credit(world.keeper)
    world.call(forwarder, "forward", world.scheduler.address, again)
    assert (reenterer.ok(), bytes(reenterer.answer())[:4]) == (False, LOCKED)
    assert reenterer.balance == credit
    assert (world.credit(forwarder), world.credit(world.keeper)) == (0, others)


def test_a_released_bond_and_a_reclaimed_deposit_are_paid_once(world: World) -> None:
    """G8: the receiver calls back release and finds the lock."""
    reenterer = world.contract("Reenterer")
    hot, cold = world.accounts[5:7]
    world.do_join(hot, cold)
    world.call(world.scheduler, "vacate", 0, by=cold)
    world.at(world.time + 14 * 86_400)
    again = world.calldata(Ask("release", (0, reenterer.address)))
    world.call(reenterer, "arm", world.scheduler.address, again)
    world.call(world.scheduler, "release", 0, reenterer.address, by=cold)
    assert reenterer.balance == 10**18
    assert bytes(reenterer.answer())[:4] == LOCKED
    assert world.scheduler.balance == 0


def test_a_step_that_feeds_its_own_plan(world: World) -> None:
    """G6: a deposit made while the step runs counts for its payment, and no gwei is lost or made."""
    feeder = world.contract("Feeder", "Pair")
    plan = world.scheduled(step(call(feeder, "feed()", value=10**17), fee_min_gwei=5_000), step(), deposit_wei=0)
    world.call(feeder, "arm", world.scheduler.address, world.calldata(plan.deposit()))
    paid, spent = cost(world, plan.run(0))
    assert spent * 0.985 <= paid - 5_000 * GWEI <= spent
    assert world.word(plan).deposit_gwei * GWEI + paid == 10**17
    assert world.scheduler.balance == 10**17
    assert world.word(plan).move == 3


def test_a_step_that_cancels_settles_or_runs_its_own_plan_is_locked_out(world: World) -> None:
    """G8: the word is written before the calls, and read again only for the deposit."""
    reenterer = world.contract("Reenterer")
    plan = world.scheduled(step(call(reenterer, "enter()"), gas_limit=900_000), step(world.ping(1)))
    for ask in (plan.run(0), plan.run(1), plan.settle(1), plan.cancel()):
        snapshot = world.chain.snapshot()
        world.call(reenterer, "arm", world.scheduler.address, world.calldata(ask))
        world.do(plan.run(0))
        assert (world.values(plan), world.status(plan)) == ("DP", Status.ACTIVE)
        assert bytes(reenterer.answer())[:4] == LOCKED
        world.chain.restore(snapshot)


def test_the_lock_is_open_again_afterwards(world: World) -> None:
    """A run that failed, succeeded, or was one of a batch leaves nothing locked, in the same transaction and later."""
    pair = world.contract("Pair")
    bad, good = world.scheduled(step(world.fail())), world.scheduled(step(world.ping(1)))
    world.call(pair, "both", world.scheduler.address, world.calldata(bad.run(0)), world.calldata(good.run(0)))
    assert (world.values(bad), world.values(good)) == ("P", "D")
