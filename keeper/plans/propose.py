"""What a DAO pastes: files for a Safe, a Governor, a Timelock, and a description for voters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.actions import OwnerCall, others_grants, owner_calls
from keeper.plans.compile import Compiled
from keeper.plans.contracts import calldata
from keeper.plans.describe import describe
from keeper.plans.grants import Grant

TX_BUILDER_VERSION = "1.18.2"


@dataclass(frozen=True)
class Proposal:
    """The files, as text. `calls` are what each makes the owner do; `others` must be done by somebody else first."""

    calls: tuple[OwnerCall, ...]
    others: tuple[Grant, ...]
    safe_json: str
    governor_json: str
    timelock_json: str
    description_md: str

    @property
    def files(self) -> dict[str, str]:
        """Name -> text."""
        return {
            "safe.json": self.safe_json,
            "governor.json": self.governor_json,
            "timelock.json": self.timelock_json,
            "description.md": self.description_md,
        }


def propose(
    compiled: Compiled,
    grants: Sequence[Grant] = (),
    *,
    create_account: bool = False,
    created_at_ms: int = 0,
    timelock_delay_s: int | None = None,
) -> Proposal:
    """The proposal for a plan. With `grants` (and `create_account`) they come before `schedule`."""
    calls = owner_calls(compiled, grants, create_account=create_account)
    others = others_grants(compiled, grants)
    description = describe(compiled, calls, others)
    return Proposal(
        calls=calls,
        others=others,
        safe_json=_text(safe_batch(compiled, calls, created_at_ms)),
        governor_json=_text(governor(calls, description)),
        timelock_json=_text(timelock(compiled, calls, timelock_delay_s)),
        description_md=description,
    )


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


# ---------------------------------------------------------------------- Safe


def safe_batch(compiled: Compiled, calls: Sequence[OwnerCall], created_at_ms: int) -> dict[str, Any]:
    """The Transaction Builder's batch, with the checksum that it verifies."""
    batch: dict[str, Any] = {
        "version": "1.0",
        "chainId": str(compiled.lock.chain_id),
        "createdAt": created_at_ms,
        "meta": {
            "name": f"Schedule {compiled.plan.name}",
            "description": f"Plan 0x{compiled.plan_id.hex()}",
            "txBuilderVersion": TX_BUILDER_VERSION,
            "createdFromSafeAddress": to_checksum_address(compiled.owner),
            "createdFromOwnerAddress": "",
        },
        "transactions": [
            {
                "to": call.to,
                "value": str(call.value_wei),
                "data": f"0x{call.data.hex()}",
                "contractMethod": None,
                "contractInputsValues": None,
            }
            for call in calls
        ],
    }
    batch["meta"]["checksum"] = safe_checksum(batch)
    return batch


def safe_checksum(batch: dict[str, Any]) -> str:
    """keccak of the batch written with sorted keys, its name and checksum left out."""
    meta = {key: value for key, value in batch["meta"].items() if key != "checksum"}
    return "0x" + bytes(keccak(text=_sorted_text({**batch, "meta": {**meta, "name": None}}))).hex()


def _sorted_text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(_sorted_text(item) for item in value)}]"
    if isinstance(value, dict):
        keys = sorted(value)
        return "{" + _compact(keys) + "".join(f"{_sorted_text(value[key])}," for key in keys) + "}"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# ---------------------------------------------------------------------- Governor


def governor(calls: Sequence[OwnerCall], description: str) -> dict[str, Any]:
    """What OpenZeppelin's Governor takes, and the id it gives the proposal."""
    targets, values, payloads = [c.to for c in calls], [c.value_wei for c in calls], [c.data for c in calls]
    description_hash = bytes(keccak(text=description))
    return {
        "targets": targets,
        "values": [str(value) for value in values],
        "calldatas": [f"0x{data.hex()}" for data in payloads],
        "description": description,
        "descriptionHash": f"0x{description_hash.hex()}",
        "proposalId": str(proposal_id(targets, values, payloads, description_hash)),
        "propose": f"0x{calldata('governor', 'propose', targets, values, payloads, description).hex()}",
        "queue": f"0x{calldata('governor', 'queue', targets, values, payloads, description_hash).hex()}",
        "execute": f"0x{calldata('governor', 'execute', targets, values, payloads, description_hash).hex()}",
    }


def proposal_id(
    targets: Sequence[str], values: Sequence[int], payloads: Sequence[bytes], description_hash: bytes
) -> int:
    content = encode(["address[]", "uint256[]", "bytes[]", "bytes32"], [targets, values, payloads, description_hash])
    return int.from_bytes(keccak(content), "big")


# ---------------------------------------------------------------------- Timelock


def timelock(compiled: Compiled, calls: Sequence[OwnerCall], delay_s: int | None) -> dict[str, Any]:
    """What OpenZeppelin's TimelockController takes; the salt is the plan's id. `schedule` needs the delay."""
    salt, predecessor = bytes(compiled.plan_id), bytes(32)
    targets, values, payloads = [c.to for c in calls], [c.value_wei for c in calls], [c.data for c in calls]
    operation: tuple[Any, ...]
    if len(calls) == 1:
        operation = (targets[0], values[0], payloads[0], predecessor, salt)
        types, fns = ["address", "uint256", "bytes", "bytes32", "bytes32"], ("schedule", "execute")
    else:
        operation = (targets, values, payloads, predecessor, salt)
        types, fns = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"], ("scheduleBatch", "executeBatch")
    scheduling = None if delay_s is None else f"0x{calldata('timelock', fns[0], *operation, delay_s).hex()}"
    return {
        "targets": targets,
        "values": [str(value) for value in values],
        "payloads": [f"0x{data.hex()}" for data in payloads],
        "predecessor": f"0x{predecessor.hex()}",
        "salt": f"0x{salt.hex()}",
        "delay": None if delay_s is None else str(delay_s),
        "id": f"0x{bytes(keccak(encode(types, operation))).hex()}",
        fns[0]: scheduling,
        fns[1]: f"0x{calldata('timelock', fns[1], *operation).hex()}",
    }
