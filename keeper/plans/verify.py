"""Whether a proposal, a transaction or a batch is exactly a plan file: it is unwrapped and compared call by call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans.actions import OwnerCall, owner_calls, schedule_call
from keeper.plans.compile import Compiled
from keeper.plans.contracts import arguments
from keeper.plans.explain import Explained, explain
from keeper.plans.grants import Grant
from keeper.plans.propose import governor, proposal_id, safe_checksum, timelock
from keeper.plans.unwrap import Deed, Wrapper, address, batch, deeds_of
from keeper.wire.errors import BadInput
from keeper.wire.types import Address


@dataclass(frozen=True, slots=True)
class Verdict:
    """`exact` if it schedules this plan and does nothing that is no part of it; else `findings` say what differs.

    `calls` are all that it does, in order, where that is known."""

    exact: bool
    findings: tuple[str, ...]
    calls: tuple[Explained, ...] = ()


def verify_deeds(compiled: Compiled, deeds: Sequence[Deed], grants: Sequence[Grant] = ()) -> Verdict:
    """Explain what is done, and tell what is no part of the plan: neither implied by the file nor among `grants`, which
    the chain says are lacking."""
    granted = {(grant.target, grant.value_wei, grant.data) for grant in grants if grant.by == compiled.owner}
    calls = []
    for one in explain(compiled, deeds):
        what = (one.deed.target, one.deed.value_wei, one.deed.data)
        calls.append(replace(one, doubt="", what=f"{one.what}, which the chain asks for") if what in granted else one)
        granted.discard(what)
    wanted = schedule_call(compiled)
    same = [deed for deed in deeds if (deed.target, deed.data) == (wanted.target, wanted.data)]
    findings = [] if same else [_missing(compiled, deeds)]
    findings += [_not_by_owner(compiled, deed) for deed in same if not _by_owner(compiled, deed)]
    told = {deed for deed in deeds if not same and arguments("scheduler", "schedule", deed.data)}
    findings += [f"it {one.what}: {one.doubt}" for one in calls if not one.part and one.deed not in told]
    return Verdict(not findings, tuple(findings), tuple(calls))


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


def _by_owner(compiled: Compiled, deed: Deed) -> bool:
    """Whether the owner may be who makes this call: as the last wrapper, or as the executor of a governor."""
    if not deed.through or deed.through[-1].address == compiled.owner:
        return True
    return deed.through[-1].kind == "governor" and all(one.address != compiled.owner for one in deed.through)


def _not_by_owner(compiled: Compiled, deed: Deed) -> str:
    last, owner = deed.through[-1], to_checksum_address(compiled.owner)
    return f"the {last.kind} {to_checksum_address(last.address)} would schedule it, but the plan's owner is {owner}"


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
    maker = (Wrapper("safe" if "transactions" in content else "timelock", compiled.owner),)
    done = [inner for deed in deeds for inner in deeds_of(deed.target, deed.value_wei, deed.data, maker)]
    verdict = verify_deeds(compiled, done, grants)
    findings = [*verdict.findings, *_file_findings(compiled, content)]
    return Verdict(not findings, tuple(findings), verdict.calls)


def _deeds_of_file(content: Mapping[str, Any]) -> list[Deed]:
    if "transactions" in content:
        return [
            Deed(address(one["to"]), int(one["value"]), bytes.fromhex(one["data"][2:]))
            for one in content["transactions"]
        ]
    payloads = content["payloads"] if "payloads" in content else content["calldatas"]
    deeds = batch(content["targets"], [int(v) for v in content["values"]], [bytes.fromhex(p[2:]) for p in payloads])
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
    return Verdict(False, ("the id is of another proposal, or of another description, or of one with other grants",))


def verify_plan(compiled: Compiled, plan_id: bytes) -> Verdict:
    """Whether a plan on the chain is this file's."""
    if plan_id == compiled.plan_id:
        return Verdict(True, ())
    return Verdict(False, (f"the file is plan 0x{compiled.plan_id.hex()}, not 0x{plan_id.hex()}",))
