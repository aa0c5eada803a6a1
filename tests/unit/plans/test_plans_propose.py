"""Proposals: each file in the form its reader checks, and `verify` tells exactly this plan from anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account as Keys
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.actions import schedule_call
from keeper.plans.compile import Compiled
from keeper.plans.contracts import calldata
from keeper.plans.estimate import estimate
from keeper.plans.lock import lock_path, parse_lock, read_lock
from keeper.plans.propose import propose, safe_checksum
from keeper.plans.schema import json_schema, reference, schema_text
from keeper.plans.unwrap import Deed, deeds_of
from keeper.plans.verify import (
    verify_batch,
    verify_deeds,
    verify_plan,
    verify_proposal_id,
    verify_transaction,
)
from keeper.wire.codec import decode_packed
from keeper.wire.errors import BadInput
from keeper.wire.signing import schedule_digest, schedule_message
from keeper.wire.types import Address
from tests.unit.plans.judge import LOCK
from tests.unit.plans.samples import compiled, plan_text
from tests.unit.plans.test_plans_examples import EXAMPLES

GOVERNOR = Address(b"\x60" * 20)
MULTI_SEND = "0x9641d764fc13c8B624c04430C7356C1C7C8102e2"


@pytest.fixture(scope="module")
def plan() -> Compiled:
    return compiled(
        plan_text("{id: a, call: pool.open(5 usdc), note: five}", "{id: b, call: pool.close()}", extra="about: words\n")
    )


def inner(plan: Compiled) -> tuple[Any, ...]:
    call = schedule_call(plan)
    return ([call.to], [call.value_wei], [call.data])


# ---------------------------------------------------------------------- files


def test_the_safes_checksum_is_the_transaction_builders_own() -> None:
    """A batch that the Transaction Builder 1.16.5 exported, with the checksum it wrote."""
    batch = json.loads("""{"version": "1.0", "chainId": "1", "createdAt": 1715205467820, "meta": {
      "name": "Transactions Batch", "description": "", "txBuilderVersion": "1.16.5",
      "createdFromSafeAddress": "0xc38c5f97B34E175FFd35407fc91a937300E33860", "createdFromOwnerAddress": "",
      "checksum": "0xb1806db12c8a5fb1931c85d64fce6558b2ba928fce9bef1c614279fb56c1086c"},
      "transactions": [{"to": "0x5DbAd78818D4c8958EfF2d5b95b28385A22113Cd", "value": "0", "data": null,
        "contractMethod": {"inputs": [
          {"internalType": "address", "name": "gauge", "type": "address"},
          {"internalType": "string", "name": "gaugeType", "type": "string"}], "name": "addGauge", "payable": false},
        "contractInputsValues": {"gauge": "0x38F1e186cC7609D236AA2161e2ca622B5BC4Ef8b", "gaugeType": "Arbitrum"}}]}""")
    assert safe_checksum(batch) == batch["meta"]["checksum"]


def test_safe_json_holds_the_schedule_call(plan: Compiled) -> None:
    batch = json.loads(propose(plan, created_at_ms=5).safe_json)
    [transaction] = batch["transactions"]
    call = schedule_call(plan)
    assert (batch["chainId"], batch["createdAt"]) == ("1", 5)
    assert batch["meta"]["createdFromSafeAddress"] == to_checksum_address(plan.owner)
    assert (transaction["to"], transaction["value"], transaction["data"]) == (
        call.to, str(plan.deposit_wei), f"0x{call.data.hex()}",
    )  # fmt: skip
    assert batch["meta"]["checksum"] == safe_checksum(batch)
    assert decode_packed(bytes.fromhex(transaction["data"][2:])[68:][: len(plan.packed)]) == (
        plan.header_bytes, plan.root, plan.body,
    )  # fmt: skip


def test_governor_json_has_the_governors_own_id(plan: Compiled) -> None:
    proposal = propose(plan)
    found = json.loads(proposal.governor_json)
    targets, values, payloads = inner(plan)
    description_hash = keccak(text=found["description"])
    hashed = keccak(
        encode(["address[]", "uint256[]", "bytes[]", "bytes32"], [targets, values, payloads, description_hash])
    )
    assert int(found["proposalId"]) == int.from_bytes(hashed, "big")
    assert found["description"] == proposal.description_md
    assert found["propose"][2:10] == keccak(text="propose(address[],uint256[],bytes[],string)")[:4].hex()


def test_timelock_json_has_the_timelocks_own_id(plan: Compiled) -> None:
    found = json.loads(propose(plan, timelock_delay_s=3_600).timelock_json)
    [target], [value], [payload] = inner(plan)
    one = encode(
        ["address", "uint256", "bytes", "bytes32", "bytes32"], [target, value, payload, bytes(32), plan.plan_id]
    )
    assert found["id"] == f"0x{keccak(one).hex()}"
    assert found["schedule"][2:10] == keccak(text="schedule(address,uint256,bytes,bytes32,bytes32,uint256)")[:4].hex()
    many = json.loads(propose(plan, create_account=True).timelock_json)
    assert many["scheduleBatch"] is None
    assert len(many["targets"]) == 2


def test_description_tells_voters_what_happens(plan: Compiled) -> None:
    text = propose(plan).description_md
    for words in (
        "words",
        "five",
        f"0x{plan.plan_id.hex()}",
        "pool.open(5000000)",
        "0.2 ether",
        "2027-02-01 15:00",
        "once"[:0],
    ):
        assert words in text


def test_equal_input_equal_files(plan: Compiled) -> None:
    assert propose(plan).files == propose(plan).files


# ---------------------------------------------------------------------- verify


def wrapped(plan: Compiled) -> dict[str, tuple[Address, bytes]]:
    """The schedule call in every wrapping that voters meet."""
    call = schedule_call(plan)
    targets, values, payloads = inner(plan)
    zero = bytes(32)
    one = (targets[0], values[0], payloads[0])
    send = (
        bytes([0]) + call.target + call.value_wei.to_bytes(32, "big") + len(call.data).to_bytes(32, "big") + call.data
    )
    nothing = (0, 0, 0, "0x" + "00" * 20, "0x" + "00" * 20, b"")
    timelock = calldata("timelock", "schedule", *one, zero, zero, 60)
    return {
        "propose": (GOVERNOR, calldata("governor", "propose", targets, values, payloads, "d")),
        "queue": (GOVERNOR, calldata("governor", "queue", targets, values, payloads, zero)),
        "execute": (GOVERNOR, calldata("governor", "execute", targets, values, payloads, zero)),
        "timelock": (plan.owner, timelock),
        "timelock batch": (
            plan.owner, calldata("timelock", "scheduleBatch", targets, values, payloads, zero, zero, 60)
        ),
        "proposal for a timelock": (
            GOVERNOR, calldata("governor", "propose", [to_checksum_address(plan.owner)], [0], [timelock], "d")
        ),
        "safe": (plan.owner, calldata("safe", "execTransaction", *one, 0, *nothing)),
        "safe multisend": (
            plan.owner,
            calldata("safe", "execTransaction", MULTI_SEND, 0, calldata("safe", "multiSend", send), 1, *nothing),
        ),
    }  # fmt: skip


def test_every_wrapping_is_seen_through(plan: Compiled) -> None:
    for name, (target, data) in wrapped(plan).items():
        assert verify_transaction(plan, target, 0, data).exact, name
    assert verify_transaction(plan, plan.scheduler, plan.deposit_wei, schedule_call(plan).data).exact


def other(plan: Compiled, **change: Any) -> Deed:
    call = schedule_call(plan)
    return replace(Deed(call.target, call.value_wei, call.data), **change)


def test_what_differs_is_told(plan: Compiled) -> None:
    second = compiled(plan_text("{id: a, call: pool.open(6 usdc), note: five}", "{id: b, call: pool.close()}"))
    stranger = Deed(GOVERNOR, 7, b"\x12\x34\x56\x78")
    hidden = replace(schedule_call(plan), data=calldata("scheduler", "schedule", plan.plan_bytes))
    cases = {
        "it schedules another plan": [other(second)],
        "it schedules this plan with a deposit of 1 wei: the file says 0.2 ether": [other(plan, value_wei=1)],
        "which is not the Scheduler of the lock": [other(plan, target=GOVERNOR)],
        "it calls 0x6060606060606060606060606060606060606060 (0x12345678) with 7 wei: nothing in the file asks": [
            other(plan),
            stranger,
        ],
        "it does not schedule this plan": [stranger],
        "it schedules this plan with a deposit of 0.2 ether: it does so a second time": [other(plan), other(plan)],
        "it schedules another plan with a deposit of 0.2 ether: it is not this file's": [other(plan), other(second)],
        "publishes another body": [Deed(hidden.target, hidden.value_wei, hidden.data)],
    }
    for words, deeds in cases.items():
        verdict = verify_deeds(plan, deeds)
        assert not verdict.exact
        assert any(words in finding for finding in verdict.findings), (words, verdict.findings)


def test_files_are_verified_whole(plan: Compiled) -> None:
    proposal = propose(plan, create_account=True)
    for text in (proposal.safe_json, proposal.governor_json, proposal.timelock_json):
        assert verify_batch(plan, text) == verify_batch(plan, text)
        assert verify_batch(plan, text).exact


@pytest.mark.parametrize(
    ("file", "key", "value", "finding"),
    [
        ("safe.json", "chainId", "10", "it is for chain 10"),
        ("safe.json", "createdAt", 7, "its checksum is wrong"),
        ("governor.json", "proposalId", "7", "its `proposalId` does not follow"),
        ("governor.json", "description", "other", "its `proposalId` does not follow"),
        ("timelock.json", "id", "0x00", "its `id` does not follow"),
    ],
)
def test_a_changed_file_is_not_exact(plan: Compiled, file: str, key: str, value: Any, finding: str) -> None:
    content = json.loads(propose(plan).files[file])
    content[key] = value
    verdict = verify_batch(plan, json.dumps(content))
    assert not verdict.exact
    assert any(finding in one for one in verdict.findings), verdict.findings


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"transactions": [{}]}', '{"targets": [], "values": ["1"], "calldatas": []}']
)
def test_what_is_no_proposal_is_refused(plan: Compiled, text: str) -> None:
    with pytest.raises(BadInput, match="no proposal file"):
        verify_batch(plan, text)


def test_ids_are_verified(plan: Compiled) -> None:
    proposal = propose(plan, create_account=True)
    found = json.loads(proposal.governor_json)
    assert verify_proposal_id(plan, int(found["proposalId"]), found["description"]).exact
    assert not verify_proposal_id(plan, int(found["proposalId"]), "another description").exact
    assert verify_plan(plan, plan.plan_id).exact
    assert not verify_plan(plan, bytes(32)).exact


def test_endless_wrappings_end() -> None:
    data = b"\x12\x34\x56\x78"
    for _ in range(30):
        data = calldata("governor", "propose", ["0x" + "61" * 20], [0], [data], "d")
    assert len(deeds_of(GOVERNOR, 0, data)) == 1


# ---------------------------------------------------------------------- around it


def test_an_owner_signs_the_plans_id(plan: Compiled) -> None:
    key = Keys.from_key(b"\x01" * 32)
    signed = key.sign_message(schedule_message(plan.scheduler, plan.plan_id))
    assert (
        Keys.recover_message(schedule_message(plan.scheduler, plan.plan_id), signature=signed.signature) == key.address
    )
    assert len(schedule_digest(plan.scheduler, plan.plan_id)) == 32


def test_lock_files_come_back_and_others_are_refused(plan: Compiled, tmp_path: Any) -> None:
    path = lock_path(tmp_path / "treasury.yaml")
    assert path.name == "treasury.lock.json"
    assert read_lock(path) is None
    path.write_text(plan.lock.as_json())
    assert read_lock(path) == parse_lock(plan.lock.as_json(), "x")
    for text in ("", "[]", "{}", '{"schema": "conductor-lock/1"}', plan.lock.as_json().replace("0x", "0z")):
        with pytest.raises(BadInput, match="is not a lock file"):
            parse_lock(text, "x")


def test_the_deposit_that_is_missing_is_told() -> None:
    plan = compiled(plan_text("{id: a, call: pool.close(), gas: 1_000_000}", extra="every: 2w\nruns: 100\n"))
    cost = estimate(plan, 10**9)
    assert cost.missing_wei == cost.deposit_wei - plan.deposit_wei > 0
    assert estimate(replace(plan, header=replace(plan.header, runs=1)), 10**9).missing_wei == 0


def test_published_schema_and_reference_are_of_this_code() -> None:
    package = EXAMPLES.parent / "keeper/plans"
    assert (package / "plan.schema.json").read_text() == schema_text(), "write it anew: python -m keeper.plans"
    assert (EXAMPLES.parent / "docs/plan-keys.md").read_text() == reference(), "write it anew: python -m keeper.plans"
    assert json_schema()["properties"]["at"]["description"]
    assert LOCK.chain_id == 1
