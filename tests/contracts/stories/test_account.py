"""Account: one per owner at an address known beforehand; the owner always acts through it and decides who else may
(G2)."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from keeper.wire.codec import encode_calls
from keeper.wire.types import Status
from tests.contracts.plans import address, call, step
from tests.contracts.world import Refusal, World


def test_its_address_is_known_beforehand(world: World) -> None:
    """CREATE2 with the owner as salt; creating it twice does nothing; anyone may."""
    owner = world.accounts[7]
    creation = world.account.contract_type.deployment_bytecode.bytecode
    code_hash = keccak(hexstr=str(creation))
    expected = keccak(b"\xff" + address(world.scheduler) + address(owner).rjust(32, b"\0") + code_hash)[12:]
    where = world.scheduler.accountOf(owner)
    assert address(where) == expected
    receipt = world.call(world.scheduler, "createAccount", owner.address, by=world.stranger)
    (event,) = world.events(receipt, "AccountCreated")
    assert (event["owner"], event["account"]) == (owner.address, where)
    assert world.account_of(owner).owner() == owner.address
    again = world.call(world.scheduler, "createAccount", owner.address)
    assert world.events(again, "AccountCreated") == []


def test_the_owner_acts_at_any_time(world: World) -> None:
    """G2: calls in order, with value from the Account's balance or sent along; what is sent and not spent stays."""
    calls = encode_calls([world.note(1, value=2), world.note(2, value=3)])
    before = world.account.balance
    world.call(world.account, "perform", calls, by=world.owner, value=10)
    assert [(note.by, note.tag, note.value) for note in world.target.notes()] == [
        (world.account.address, 1, 2),
        (world.account.address, 2, 3),
    ]
    assert world.account.balance == before + 10 - 5


def test_nobody_else_acts(world: World) -> None:
    """G2: not a stranger, not a keeper, not another owner's Account, not even with no calls at all."""
    for calls in (encode_calls([world.note(1)]), b""):
        refused = Refusal("Account_NotAllowed", (world.stranger.address.lower(),))
        assert world.refuses(world.account, "perform", calls, by=world.stranger) == refused
    world.call(world.scheduler, "createAccount", world.stranger.address)
    theirs = world.account_of(world.stranger)
    nested = encode_calls([call(world.account, "perform(bytes)", encode_calls([world.note(1)]))])
    refused = world.refuses(theirs, "perform", nested, by=world.stranger)
    assert refused is not None
    assert refused.name == "Account_CallFailed"
    assert world.refuses(world.account, "setExecutor", world.stranger.address, True, by=world.stranger) == Refusal(
        "Account_NotAllowed", (world.stranger.address.lower(),)
    )


def test_the_owner_allows_and_revokes_executors(world: World) -> None:
    """G2: the birth Scheduler until revoked; a later one beside it; each change is an event."""
    scheduler, later = world.scheduler.address, world.keeper
    calls = encode_calls([world.note(1)])
    assert world.account.isExecutor(scheduler)
    assert not world.account.isExecutor(later)
    receipt = world.call(world.account, "setExecutor", later.address, True, by=world.owner)
    assert [log.event_arguments for log in receipt.events] == [{"executor": later.address, "allowed": True}]
    assert world.refuses(world.account, "perform", calls, by=later) is None
    refused = Refusal("Account_NotAllowed", (later.address.lower(),))
    assert world.refuses(world.account, "setExecutor", later.address, True, by=later) == refused
    for allowed in (False, True, True, False, False, True):
        world.call(world.account, "setExecutor", scheduler, allowed, by=world.owner)
        assert world.account.isExecutor(scheduler) == allowed
        world.call(world.account, "setExecutor", later.address, allowed, by=world.owner)
        assert world.account.isExecutor(later) == allowed


def test_a_revoked_scheduler_runs_nothing(world: World) -> None:
    """G2: the step fails its window; allowed again, it runs."""
    plan = world.scheduled(step(world.ping(1)))
    world.call(world.account, "setExecutor", world.scheduler.address, False, by=world.owner)
    refused = world.refusal(plan.run(0))
    assert refused is not None
    assert refused.name == "Scheduler_CallsFailed"
    world.call(world.account, "setExecutor", world.scheduler.address, True, by=world.owner)
    world.do(plan.run(0))


def test_all_or_nothing_and_the_reason_is_bounded(world: World) -> None:
    """The index of the failing call and the first 256 bytes of what it returned."""
    hostile = world.contract("Hostile")
    calls = encode_calls([world.note(1), call(hostile, "fail(uint256)", 77)])
    refused = world.refuses(world.account, "perform", calls, by=world.owner)
    assert refused is not None
    assert (refused.name, refused.values[0]) == ("Account_CallFailed", 1)
    assert refused.values[1] == keccak(text="Hostile_Refused(uint256)")[:4] + (77).to_bytes(32, "big")
    for size in (0, 1, 31, 32, 255, 256, 257, 5_000):
        calls = encode_calls([call(hostile, "revertBomb(uint256)", size)])
        refused = world.refuses(world.account, "perform", calls, by=world.owner)
        assert refused is not None
        assert refused.values[0] == 0
        assert len(refused.values[1]) == min(size, 256)
    assert world.target.notes() == []


@pytest.mark.parametrize("cut", [1, 33, 34, 35, 69, 71, 105])
def test_calls_that_do_not_parse_are_refused(world: World, cut: int) -> None:
    """Cut anywhere but between two calls: nothing is done."""
    calls = encode_calls([world.note(1), world.note(2)])
    refused = world.refuses(world.account, "perform", calls[:-cut], by=world.owner)
    assert refused == (None if cut == 70 else Refusal("Account_MalformedCalls"))
    assert world.refuses(world.account, "perform", calls[: len(calls) // 2], by=world.owner) is None


def test_it_receives_coin_and_tokens(world: World) -> None:
    """Plain coin, ERC-20, and tokens that ask first: ERC-721, ERC-1155, single and batch."""
    account = world.account.address
    world.send(account, b"", world.stranger, value=5)
    nft, multi = world.contract("Nft", "Tokens"), world.contract("Multi", "Tokens")
    world.call(nft, "mint", account, 1)
    world.call(multi, "mint", account, 2, 30)
    world.call(multi, "mintBatch", account, [3, 4], [5, 6])
    assert nft.ownerOf(1) == account
    assert [multi.balanceOf(account, i) for i in (2, 3, 4)] == [30, 5, 6]


def test_it_answers_no_other_call(world: World) -> None:
    """An unknown function is refused, so that nobody takes silence for an answer; no ERC-1271 yes by accident."""
    for signature in ("isValidSignature(bytes32,bytes)", "execute(bytes)", "ping()"):
        selector = keccak(text=signature)[:4]
        refused = world.answers_to(world.account.address, selector + bytes(96))
        assert refused == Refusal("Account_NotAllowed", (world.stranger.address.lower(),)), signature


def other_scheduler(world: World) -> object:
    return world.deploy("Scheduler")


def test_a_later_scheduler_beside_the_first(world: World) -> None:
    """G2: a plan on the new Scheduler acts through the old one's Account, once the owner has allowed it; targets see
    no change."""
    old = world.account
    later = other_scheduler(world)
    world.scheduler, first = later, world.scheduler
    plan = world.scheduled(step(world.note(1)), factory=address(first))
    refused = world.refusal(plan.run(0))
    assert refused is not None
    assert refused.name == "Scheduler_CallsFailed"
    world.call(old, "setExecutor", later.address, True, by=world.owner)
    world.do(plan.run(0))
    assert [note.by for note in world.target.notes()] == [old.address]
    assert world.status(plan) == Status.COMPLETED


def test_a_factory_that_lies_about_its_owner_is_refused(world: World) -> None:
    """Section 3: another Scheduler's Account must name the owner."""
    impostor = world.contract("Impostor")
    world.call(impostor, "pose", world.stranger.address, impostor.address)
    plan = world.scheduled(step(world.note(1)), factory=address(impostor))
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_NoAccount", (impostor.address.lower(),))
    empty = "0x" + "77" * 20
    world.call(impostor, "pose", world.owner.address, empty)
    assert world.refusal(plan.run(0)) == Refusal("Scheduler_NoAccount", (empty,))


def test_a_factory_cannot_lend_anyones_account_to_a_stranger(world: World) -> None:
    """G2: a stranger's contract that poses as the victim's account schedules nothing in the victim's name; else the
    factory could
    name the real Account when the step runs."""
    impostor = world.contract("Impostor")
    world.call(impostor, "pose", world.owner.address, impostor.address)
    theft = world.plan(step(call(world.stranger, value=10**18)), factory=address(impostor))
    ask = world.calldata(theft.schedule())
    refused = world.refuses(impostor, "execute", world.scheduler.address, 0, ask)
    assert refused == Refusal("Scheduler_NotOwner", (world.owner.address.lower(), impostor.address.lower()))
