"""What an owner signs so that anyone may schedule the plan: EIP-712 `Schedule(bytes32 plan)` for one Scheduler."""

from __future__ import annotations

from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

from keeper.wire.types import Address, PlanId


def schedule_message(scheduler: Address, plan: PlanId) -> SignableMessage:
    """For `Account.sign_message`; wallets show it as typed data."""
    return encode_typed_data(full_message=schedule_typed_data(scheduler, plan))


def schedule_typed_data(scheduler: Address, plan: PlanId) -> dict[str, object]:
    """As JSON for `eth_signTypedData_v4`. The domain has no chain id: one signature serves all the plan's chains."""
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
        "domain": {"name": "Conductor Scheduler", "version": "1", "verifyingContract": f"0x{scheduler.hex()}"},
        "message": {"plan": f"0x{plan.hex()}"},
    }


def schedule_digest(scheduler: Address, plan: PlanId) -> bytes:
    """The 32 bytes that are signed."""
    message = schedule_message(scheduler, plan)
    return keccak(b"\x19" + message.version + message.header + message.body)
