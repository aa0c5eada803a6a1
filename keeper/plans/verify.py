"""Whether a proposal, a transaction or a batch is exactly a plan file: it is unwrapped and compared call by call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.actions import OwnerCall, owner_calls, schedule_call
from keeper.plans.compile import Compiled
from keeper.plans.contracts import arguments
from keeper.plans.grants import Grant
from keeper.plans.propose import governor, proposal_id, safe_checksum, timelock
from keeper.wire.errors import BadInput
from keeper.wire.types import Address

MAX_WRAPPINGS = 8


@dataclass(frozen=True, slots=True)
class Deed:
    """One call that is made in the end."""

    target: Address
    value_wei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """`exact` if it schedules this plan and does nothing that was not asked for. `findings` say what differs."""

    exact: bool
    findings: tuple[str, ...]


def verify_deeds(compiled: Compiled, deeds: Sequence[Deed], grants: Sequence[Grant] = ()) -> Verdict:
    """Compare what is done with what `propose` would make the owner do, Account creation and `grants` optional."""
    wanted = schedule_call(compiled)
    allowed = {(c.target, c.value_wei, c.data) for c in owner_calls(compiled, grants, create_account=True)}
    same = [deed for deed in deeds if (deed.target, deed.data) == (wanted.target, wanted.data)]
    findings = [] if same else [_missing(compiled, deeds)]
    if len(same) > 1:
        findings.append(f"it schedules the plan {len(same)} times")
    findings += [
        f"it sends {deed.value_wei} wei as deposit; the file says {wanted.value_wei}"
        for deed in same
        if deed.value_wei != wanted.value_wei
    ]
    others = [deed for deed in deeds if deed not in same and (deed.target, deed.value_wei, deed.data) not in allowed]
    findings += [_stranger(compiled, deed) for deed in others]
    return Verdict(not findings, tuple(findings))


def _missing(compiled: Compiled, deeds: Sequence[Deed]) -> str:
    for deed in deeds:
        found = arguments("scheduler", "schedule", deed.data)
        if found is None:
            continue
        if deed.target != compiled.scheduler:
            return f"it calls schedule on {to_checksum_address(deed.target)}, which is not the Scheduler of the lock"
        if bytes(found[0]).startswith(compiled.plan_bytes):
            return "it schedules this plan, but publishes another body"
        return "it schedules another plan"
    return "it does not schedule this plan"


def _stranger(compiled: Compiled, deed: Deed) -> str:
    if arguments("scheduler", "schedule", deed.data) is not None and deed.target == compiled.scheduler:
        return "it schedules another plan as well"
    what = f"0x{deed.data[:4].hex()}" if deed.data else "a payment"
    return f"it also calls {to_checksum_address(deed.target)} ({what}) with {deed.value_wei} wei"


# ---------------------------------------------------------------------- unwrapping


def deeds_of(target: Address, value_wei: int, data: bytes, depth: int = 0) -> tuple[Deed, ...]:
    """What a transaction does in the end: governors, timelocks, Safes and multisends unwrapped."""
    inner = _inner(data) if depth < MAX_WRAPPINGS else None
    if inner is None:
        return (Deed(target, value_wei, data),)
    return tuple(deed for one in inner for deed in deeds_of(one.target, one.value_wei, one.data, depth + 1))


def _inner(data: bytes) -> list[Deed] | None:
    for interface, fn in (("governor", "propose"), ("governor", "queue"), ("governor", "execute"),
                          ("timelock", "scheduleBatch"), ("timelock", "executeBatch")):  # fmt: skip
        found = arguments(interface, fn, data)
        if found is not None:
            return _batch(found[0], found[1], found[2])
    for fn in ("schedule", "execute"):
        found = arguments("timelock", fn, data)
        if found is not None:
            return _batch([found[0]], [found[1]], [found[2]])
    found = arguments("safe", "execTransaction", data)
    if found is not None:
        return _multisend(found[2]) if found[3] == 1 else _batch([found[0]], [found[1]], [found[2]])
    return None


def _batch(targets: Sequence[str], values: Sequence[int], payloads: Sequence[bytes]) -> list[Deed] | None:
    if not len(targets) == len(values) == len(payloads):
        return None
    return [Deed(_address(t), v, p) for t, v, p in zip(targets, values, payloads, strict=True)]


def _multisend(data: bytes) -> list[Deed] | None:
    """Safe's MultiSend: operation 1, target 20, value 32, length 32, data, one behind the other."""
    found = arguments("safe", "multiSend", data)
    if found is None:
        return None
    rest, deeds = bytes(found[0]), []
    while rest:
        length = int.from_bytes(rest[53:85], "big")
        if len(rest) < 85 + length:
            return None
        deeds.append(Deed(Address(rest[1:21]), int.from_bytes(rest[21:53], "big"), rest[85 : 85 + length]))
        rest = rest[85 + length :]
    return deeds


def _address(text: str) -> Address:
    return Address(bytes(to_canonical_address(text)))


# ---------------------------------------------------------------------- what voters have in hand


def verify_transaction(
    compiled: Compiled, target: Address, value_wei: int, data: bytes, grants: Sequence[Grant] = ()
) -> Verdict:
    """Any transaction that proposes, queues, executes or schedules."""
    return verify_deeds(compiled, deeds_of(target, value_wei, data), grants)


def verify_batch(compiled: Compiled, text: str, grants: Sequence[Grant] = ()) -> Verdict:
    """A file for a Safe, a Governor or a Timelock (`safe.json`, `governor.json`, `timelock.json`). Raises BadInput."""
    try:
        content = json.loads(text)
        deeds = _deeds_of_file(content)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(
            f"this is no proposal file: {error}",
            field="proposal",
            remedy="give safe.json, governor.json or timelock.json",
        ) from None
    done = [inner for deed in deeds for inner in deeds_of(deed.target, deed.value_wei, deed.data)]
    verdict = verify_deeds(compiled, done, grants)
    findings = [*verdict.findings, *_file_findings(compiled, content)]
    return Verdict(not findings, tuple(findings))


def _deeds_of_file(content: Mapping[str, Any]) -> list[Deed]:
    if "transactions" in content:
        return [
            Deed(_address(one["to"]), int(one["value"]), bytes.fromhex(one["data"][2:]))
            for one in content["transactions"]
        ]
    payloads = content["payloads"] if "payloads" in content else content["calldatas"]
    deeds = _batch(content["targets"], [int(v) for v in content["values"]], [bytes.fromhex(p[2:]) for p in payloads])
    if deeds is None:
        raise ValueError("targets, values and calldatas differ in number")
    return deeds


def _file_findings(compiled: Compiled, content: Mapping[str, Any]) -> list[str]:
    """Parts of the file that must agree with its own calls."""
    if "transactions" in content:
        findings = []
        if str(content.get("chainId")) != str(compiled.lock.chain_id):
            findings.append(f"it is for chain {content.get('chainId')}, the plan for {compiled.lock.chain_id}")
        if content.get("meta", {}).get("checksum") not in (None, safe_checksum(dict(content))):
            findings.append("its checksum is wrong: it was changed after it was made")
        return findings
    deeds = _deeds_of_file(content)
    calls = [OwnerCall(deed.target, deed.value_wei, deed.data, "") for deed in deeds]
    if "payloads" in content:
        said = {"id": content.get("id")}
        true = {"id": timelock(compiled, calls, None)["id"]}
    else:
        true = governor(calls, str(content.get("description", "")))
        said = {key: content.get(key, true[key]) for key in true}
    return [f"its `{key}` does not follow from its calls" for key in said if said[key] != true[key]]


def verify_proposal_id(compiled: Compiled, wanted: int, description: str, grants: Sequence[Grant] = ()) -> Verdict:
    """Whether a Governor's proposal id is that of this plan under this description, with or without grants."""
    description_hash = bytes(keccak(text=description))
    for create_account in (False, True):
        for given in ((), tuple(grants)):
            calls = owner_calls(compiled, given, create_account=create_account)
            targets, values, payloads = [c.to for c in calls], [c.value_wei for c in calls], [c.data for c in calls]
            if proposal_id(targets, values, payloads, description_hash) == wanted:
                return Verdict(True, ())
    return Verdict(False, ("the id is of another proposal, or of another description",))


def verify_plan(compiled: Compiled, plan_id: bytes) -> Verdict:
    """Whether a plan on the chain is this file's."""
    if plan_id == compiled.plan_id:
        return Verdict(True, ())
    return Verdict(False, (f"the file is plan 0x{compiled.plan_id.hex()}, not 0x{plan_id.hex()}",))
