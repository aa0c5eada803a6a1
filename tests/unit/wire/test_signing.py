"""What owners sign, against EIP-712 written out by hand, and recovered by eth_account."""

from __future__ import annotations

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from keeper.wire.signing import schedule_digest, schedule_message, schedule_typed_data
from keeper.wire.types import Address, PlanId

SCHEDULER, PLAN = Address(b"\x05" * 20), PlanId(b"\x07" * 32)
KEY = b"\x01" * 32


def test_the_digest_is_eip_712s() -> None:
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "address"],
            [
                keccak(text="EIP712Domain(string name,string version,address verifyingContract)"),
                keccak(text="Conductor Scheduler"),
                keccak(text="1"),
                SCHEDULER,
            ],
        )
    )
    struct = keccak(encode(["bytes32", "bytes32"], [keccak(text="Schedule(bytes32 plan)"), PLAN]))
    assert schedule_digest(SCHEDULER, PLAN) == keccak(b"\x19\x01" + domain + struct)


def test_wallets_and_libraries_sign_the_same() -> None:
    signed = Account.sign_message(schedule_message(SCHEDULER, PLAN), KEY)
    typed = Account.sign_typed_data(KEY, full_message=schedule_typed_data(SCHEDULER, PLAN))
    assert signed.signature == typed.signature
    assert signed.message_hash == schedule_digest(SCHEDULER, PLAN)
    owner = Account.from_key(KEY).address
    assert Account.recover_message(schedule_message(SCHEDULER, PLAN), signature=signed.signature) == owner


def test_a_signature_is_for_one_plan_and_one_scheduler() -> None:
    digests = {schedule_digest(Address(bytes([a]) * 20), PlanId(bytes([p]) * 32)) for a in range(3) for p in range(3)}
    assert len(digests) == 9
