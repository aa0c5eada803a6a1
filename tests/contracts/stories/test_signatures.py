"""Scheduling with the owner's signature: plain, of an EIP-7702 account, of a contract (ERC-1271); and what no
signature allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account as Keys
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from keeper.wire.types import Status
from tests.contracts.plans import GWEI, Ask, Plan, address, call, entry, step
from tests.contracts.world import Refusal, World

KEY = "0x" + "c0" * 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def typed(scheduler: str, plan_id: bytes) -> dict[str, Any]:
    """What a wallet shows: no chain id, because a plan names its chains itself."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Schedule": [{"name": "plan", "type": "bytes32"}],
        },
        "primaryType": "Schedule",
        "domain": {"name": "Conductor Scheduler", "version": "1", "verifyingContract": scheduler},
        "message": {"plan": plan_id},
    }


def sign(world: World, plan: Plan, signer: LocalAccount, scheduler: str | None = None) -> bytes:
    message = encode_typed_data(full_message=typed(scheduler or world.scheduler.address, plan.id))
    return bytes(signer.sign_message(message).signature)


@pytest.fixture
def signer() -> LocalAccount:
    return Keys.from_key(KEY)


def signed_plan(world: World, signer: LocalAccount) -> Plan:
    return world.plan(step(world.ping(1)), owner=signer.address)


def test_anyone_schedules_with_the_owners_signature(world: World, signer: LocalAccount) -> None:
    plan = signed_plan(world, signer)
    receipt = world.do(plan.schedule_for(sign(world, plan, signer)), by=world.stranger, value=2 * GWEI)
    (event,) = world.events(receipt, "Scheduled")
    assert (event["plan"], event["packed"]) == (plan.id, plan.packed())
    assert world.word(plan).deposit_gwei == 2


def test_a_signature_is_for_one_plan_one_owner_and_one_scheduler(world: World, signer: LocalAccount) -> None:
    """No replay for another plan, on another Scheduler, by another signer, or in a second form of the same
    signature."""
    plan, other = signed_plan(world, signer), signed_plan(world, signer)
    good = sign(world, plan, signer)
    refused = Refusal("Scheduler_BadSignature", (signer.address.lower(),))
    assert world.refusal(other.schedule_for(good)) == refused
    assert world.refusal(plan.schedule_for(sign(world, plan, Keys.from_key("0x" + "c1" * 32)))) == refused
    assert world.refusal(plan.schedule_for(sign(world, plan, signer, world.target.address))) == refused
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64]
    mirrored = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    assert world.refusal(plan.schedule_for(mirrored)) == refused
    for bad in (b"", good[:64], good + b"\0", bytes(65)):
        assert world.refusal(plan.schedule_for(bad)) == refused, bad.hex()
    assert world.refusal(plan.schedule_for(good)) is None


def test_a_signature_schedules_once(world: World, signer: LocalAccount) -> None:
    """Not again while it runs, nor when it is over, nor after the owner has voided it."""
    plan, voided = signed_plan(world, signer), world.plan(step(world.ping(2)), owner=world.owner)
    good = sign(world, plan, signer)
    world.do(plan.schedule_for(good))
    assert world.refusal(plan.schedule_for(good)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ACTIVE))
    world.at(plan.start + 1_000).do(plan.settle(0))
    assert world.refusal(plan.schedule_for(good)) == Refusal("Scheduler_WrongStatus", (plan.id, Status.ABORTED))
    mine = sign(world, voided, Keys.from_key(world.owner.private_key))
    assert world.refusal(voided.schedule_for(mine)) is None
    world.do(voided.void(), by=world.owner)
    assert world.refusal(voided.schedule_for(mine)) == Refusal("Scheduler_WrongStatus", (voided.id, Status.VOID))


def test_the_first_deposit_and_the_body_are_the_senders_and_spoil_nothing(world: World, signer: LocalAccount) -> None:
    """Whoever comes first with the signature, with no deposit and no body: the owner deposits and publishes, and can
    cancel."""
    plan = signed_plan(world, signer)
    world.do(plan.schedule_for(sign(world, plan, signer), body=False), by=world.stranger, value=0)
    world.do(plan.deposit(), by=world.owner, value=10**17)
    world.do(plan.publish(plan.packed()), by=world.owner)
    world.call(world.scheduler, "createAccount", signer.address)
    world.do(plan.run(0))
    assert world.values(plan) == "D"


def test_one_signature_serves_each_of_the_plans_chains_and_no_other(world: World, signer: LocalAccount) -> None:
    """The domain has no chain id; the header's chains decide where it can be scheduled."""
    plan = signed_plan(world, signer)
    elsewhere = Plan.of(plan.steps, replace(plan.header, chains=(entry(signer.address, 1, chain_id=10),)))
    assert world.refusal(elsewhere.schedule_for(sign(world, elsewhere, signer))) == Refusal(
        "Scheduler_WrongChain", (31337,)
    )


def delegate(world: World, signer: LocalAccount, to: str) -> None:
    """An EIP-7702 transaction: `signer` becomes an account with the code of `to`."""
    web3 = world.chain.web3
    world.send(signer.address, b"", world.stranger, value=10**18)
    nonce = web3.eth.get_transaction_count(signer.address)
    authorization = signer.sign_authorization({"chainId": 31337, "address": to, "nonce": nonce + 1})
    world._tick()
    transaction = {
        "chainId": 31337,
        "nonce": nonce,
        "to": signer.address,
        "value": 0,
        "gas": 500_000,
        "data": "0x",
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 0,
        "authorizationList": [authorization],
    }
    receipt = web3.eth.wait_for_transaction_receipt(
        web3.eth.send_raw_transaction(signer.sign_transaction(transaction).raw_transaction)
    )
    assert receipt["status"] == 1
    assert bytes(web3.eth.get_code(signer.address)) == bytes.fromhex("ef0100" + to[2:])


def test_an_eip_7702_account_signs_plainly(world: World, signer: LocalAccount) -> None:
    """Its code refuses every signature, and its own plain one counts all the same: it is tried first."""
    wallet = world.contract("Wallet")
    delegate(world, signer, wallet.address)
    world.send(signer.address, bytes(wallet.setMood.encode_input(1, bytes(32))), world.stranger)
    plan = signed_plan(world, signer)
    world.do(plan.schedule_for(sign(world, plan, signer)))
    assert world.status(plan) == Status.ACTIVE


def test_an_eip_7702_account_owns_keeps_and_is_called(world: World, signer: LocalAccount) -> None:
    """As owner it schedules by itself and runs its own step out of turn; as keeper it is paid; as a target it is
    called."""
    delegate(world, signer, world.contract("Forwarder").address)
    plan = world.plan(step(world.ping(1)), step(call(signer.address, value=3)), owner=signer.address)
    web3 = world.chain.web3

    def send(ask: Ask, value: int = 0) -> None:
        world._tick()
        transaction = {
            "chainId": 31337,
            "nonce": web3.eth.get_transaction_count(signer.address),
            "to": world.scheduler.address,
            "value": value,
            "gas": 2_000_000,
            "data": world.calldata(ask),
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 0,
        }
        hash_ = web3.eth.send_raw_transaction(signer.sign_transaction(transaction).raw_transaction)
        assert web3.eth.wait_for_transaction_receipt(hash_)["status"] == 1

    send(plan.schedule(), value=10**17)
    world.call(world.scheduler, "createAccount", signer.address)
    world.send(world.account_of(signer.address).address, b"", world.owner, value=3)
    send(plan.run(0))
    before = web3.eth.get_balance(signer.address)
    world.do(plan.run(1))
    assert web3.eth.get_balance(signer.address) == before + 3
    assert world.credit(signer.address) > 0
    assert world.values(plan) == "DD"


@pytest.mark.parametrize(
    "mood", range(7), ids=["accepts", "refuses", "reverts", "burns", "short", "bombs", "accepts one"]
)
def test_a_contract_owner_judges_by_erc_1271(world: World, mood: int) -> None:
    """Only the whole magic word counts; a contract that reverts, burns its gas, answers short or floods is no
    signature."""
    wallet = world.contract("Wallet")
    plan = world.plan(step(world.ping(1)), owner=wallet.address)
    digest = encode_typed_data(full_message=typed(world.scheduler.address, plan.id))
    hash_ = keccak(b"\x19" + digest.version + digest.header + digest.body)
    world.call(wallet, "setMood", mood, hash_)
    refused = world.refusal(plan.schedule_for(b"whatever"))
    # `bombs` answers the magic word and a quarter megabyte: that is a yes, and only its sender pays for it.
    if mood in {0, 5, 6}:
        assert refused is None
    else:
        assert refused == Refusal("Scheduler_BadSignature", (wallet.address.lower(),))
    other = world.plan(step(world.ping(2)), owner=wallet.address)
    assert (world.refusal(other.schedule_for(b"whatever")) is None) == (mood in {0, 5})


def test_a_contract_owner_schedules_by_calling(world: World) -> None:
    wallet = world.contract("Wallet")
    plan = world.plan(step(world.ping(1)), owner=wallet.address)
    world.call(wallet, "execute", world.scheduler.address, 0, world.calldata(plan.schedule()))
    assert world.status(plan) == Status.ACTIVE
    assert address(wallet) == plan.header.chains[0].owner
