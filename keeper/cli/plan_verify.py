"""`conductor plan verify`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from eth_utils.address import to_checksum_address

from keeper.chain.endpoints import NoEndpoint
from keeper.chain.rpc import EndpointFailed
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.network import Network, has_endpoint, open_network
from keeper.cli.options import PLAN_FILE, SETS, parse_sets
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result
from keeper.cli.plan_check import names_of
from keeper.cli.plan_propose import needed
from keeper.cli.planfile import as_locked, read_source, require_same
from keeper.cli.planview import parse_id
from keeper.plans import (
    Compiled,
    Grant,
    Verdict,
    drift,
    propose,
    verify_batch,
    verify_plan,
    verify_proposal_id,
    verify_transaction,
)
from keeper.plans.contracts import calldata
from keeper.wire.errors import BadInput, ConductorError
from keeper.wire.types import NOBODY


@dataclass(frozen=True)
class VerifiedCall:
    """`part`: it belongs to the plan."""

    to: str
    value_wei: str
    what: str
    part: bool


@dataclass(frozen=True)
class PlanVerdict(Result):
    """`exact`: it schedules this plan, and does nothing that is no part of it; else `findings` say what differs.

    `calls` are all that it does, where that is known."""

    schema = "conductor/plan-verify/1"

    plan: str
    name: str
    exact: bool
    findings: tuple[str, ...]
    calls: tuple[VerifiedCall, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        calls = [
            f"{i}. {'' if one.part else 'NOT part of the plan: '}{one.what}" for i, one in enumerate(self.calls, 1)
        ]
        notes = [f"note: {one}" for one in self.notes]
        if self.exact:
            head = (
                f"exact: it schedules plan {self.plan} ({self.name}), as in the file, and does nothing else but for it"
            )
        else:
            head = f"NOT exactly this file's plan {self.plan} ({self.name})"
        return "\n".join([head, *calls, *(f"- {one}" for one in self.findings), *notes])

    @property
    def exit_code(self) -> int:
        return 0 if self.exact else 2


Judge = Callable[[tuple[Grant, ...]], Verdict]
"""The verdict, given what the chain says the plan lacks."""


@command(
    "verify",
    PlanVerdict,
    PLAN_FILE,
    SETS,
    click.option("--proposal", metavar="FILE|ID",
                 help="governor.json, safe.json or timelock.json, or a Governor's proposal id."),
    click.option("--description", type=click.Path(dir_okay=False), metavar="FILE",
                 help="The proposal's text, with --proposal ID; default: the one that `plan propose` writes."),
    click.option("--tx", metavar="HASH|FILE",
                 help="A transaction that proposes, queues, executes or schedules: its hash, or a node's JSON of it."),
    click.option("--safe-tx", type=click.Path(dir_okay=False), metavar="FILE",
                 help="A Safe's transaction as its service gives it, JSON."),
    click.option("--plan", "plan_id", metavar="ID", help="A plan's id."),
    settings_options(),
)  # fmt: skip
async def verify(
    file: str,
    sets: tuple[str, ...],
    proposal: str | None,
    description: str | None,
    tx: str | None,
    safe_tx: str | None,
    plan_id: str | None,
    settings: Settings,
) -> PlanVerdict:
    """Tell a voter whether a proposal, a transaction or a plan is exactly this file under its lock; explain each call.

    Governors, timelocks, Safes and multisends are unwrapped. File and lock decide; only the hash of a transaction needs
    a chain. With an endpoint the lock's names and decimals are asked again and, where the file does not explain a call,
    what the Account lacks. Exit code 2: it is not.
    """
    given = [one for one in (proposal, tx, safe_tx, plan_id) if one is not None]
    if len(given) != 1:
        remedy = "give one of --proposal, --tx, --safe-tx and --plan"
        raise BadInput("there must be one thing to compare the file with", field="proposal", remedy=remedy)
    compiled = as_locked(read_source(file, parse_sets(sets)))
    require_same(settings, compiled.lock)
    online = has_endpoint(settings, compiled.lock.chain_id)
    if tx is not None and _is_hash(tx, online=online):
        async with open_network(settings, compiled.lock.chain_id) as network:
            return await _asked(compiled, network, await _transaction(compiled, network, tx))
    judge = _judge(compiled, proposal, description, tx, safe_tx, plan_id)
    if online:
        try:
            async with open_network(settings, compiled.lock.chain_id) as network:
                return await _asked(compiled, network, judge)
        except (NoEndpoint, EndpointFailed) as error:
            return _said(compiled, judge(()), f"the chain was not asked: {error.message}")
    return _said(compiled, judge(()))


def _said(compiled: Compiled, verdict: Verdict, *notes: str) -> PlanVerdict:
    """A verdict by file and lock; the names that only the lock answers are told."""
    names = [f"{one.name} is {one.address}, says the lock{one.source}" for one in names_of(compiled)]
    return _result(compiled, verdict, verdict.findings, (*names, *notes))


async def _asked(compiled: Compiled, network: Network, judge: Judge) -> PlanVerdict:
    """A verdict that the chain had a say in."""
    changed = await drift(compiled, network.chain)
    verdict, notes = judge(()), []
    if not verdict.exact:
        try:
            verdict = judge((await needed(compiled, network))[0])
        except BadInput as error:
            notes.append(f"the chain cannot tell what the plan lacks: {error.message}")
    return _result(compiled, verdict, (*verdict.findings, *changed), tuple(notes))


def _result(compiled: Compiled, verdict: Verdict, findings: tuple[str, ...], notes: tuple[str, ...]) -> PlanVerdict:
    calls = tuple(
        VerifiedCall(
            to_checksum_address(one.deed.target),
            str(one.deed.value_wei),
            one.what if one.part else f"{one.what}: {one.doubt}",
            one.part,
        )
        for one in verdict.calls
    )
    return PlanVerdict(f"0x{compiled.plan_id.hex()}", compiled.plan.name, not findings, findings, calls, notes)


def _judge(
    compiled: Compiled,
    proposal: str | None,
    description: str | None,
    tx: str | None,
    safe_tx: str | None,
    plan_id: str | None,
) -> Judge:
    """What compares the file with the one thing that was given. Errors: BadInput for what cannot be read."""
    if plan_id is not None:
        known = parse_id(plan_id)
        if known is None:
            remedy = "an id is 0x and 64 hex digits"
            raise BadInput(f"{plan_id!r} is no plan's id", field="plan", value=plan_id, remedy=remedy)
        return lambda _: verify_plan(compiled, known)
    if safe_tx is not None:
        return _safe_transaction(compiled, _json(safe_tx, "safe-tx"))
    if tx is not None:
        return _sent(compiled, _json(tx, "tx"))
    assert proposal is not None  # noqa: S101 - one of them was given
    if Path(proposal).exists():
        text = _text(proposal, "proposal")
        return lambda grants: verify_batch(compiled, text, grants)
    try:
        wanted = int(proposal, 0)
    except ValueError:
        remedy = "give governor.json, safe.json or timelock.json, or a proposal's id"
        raise BadInput(f"there is no file {proposal}", field="proposal", value=proposal, remedy=remedy) from None
    said = None if description is None else _text(description, "description")
    return lambda grants: _proposal_id(compiled, wanted, said, grants)


def _proposal_id(compiled: Compiled, wanted: int, description: str | None, grants: tuple[Grant, ...]) -> Verdict:
    if description is not None:
        return verify_proposal_id(compiled, wanted, description, grants)
    verdict = Verdict(False, ("nothing was compared",))
    for create in (False, True):
        for given in ((), grants):
            text = propose(compiled, given, create_account=create).description_md
            verdict = verify_proposal_id(compiled, wanted, text, grants)
            if verdict.exact:
                return verdict
    return verdict


def _is_hash(tx: str, *, online: bool) -> bool:
    """Errors: BadInput for neither a file nor a hash, and for a hash if no chain can be asked."""
    if Path(tx).exists():
        return False
    if parse_id(tx) is None:
        remedy = "give a hash, 0x and 64 hex digits, or a file with the transaction as JSON"
        raise BadInput(f"{tx!r} is no transaction's hash", field="tx", value=tx, remedy=remedy)
    if not online:
        remedy = "give --rpc, or a file with the transaction as JSON"
        message = "only the chain knows what a transaction's hash stands for"
        raise BadInput(message, field="tx", value=tx, remedy=remedy)
    return True


async def _transaction(compiled: Compiled, network: Network, tx: str) -> Judge:
    found = await network.pool.request("eth_getTransactionByHash", [tx])
    if found is None:
        where = f"chain {network.chain_id} has no transaction {tx}"
        raise BadInput(where, field="tx", value=tx, remedy="check the hash and the chain")
    return _sent(compiled, found)


def _sent(compiled: Compiled, content: Any) -> Judge:
    """A transaction as eth_getTransactionByHash gives it."""
    try:
        if content["to"] is None:
            return lambda _: Verdict(False, ("it creates a contract",))
        to, value = parse_address(str(content["to"]), "to"), int(str(content["value"]), 0)
        data = bytes.fromhex(str(content.get("input") or content["data"])[2:])
        chain = int(str(content.get("chainId") or compiled.lock.chain_id), 0)
    except (ConductorError, KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = "give the JSON that eth_getTransactionByHash gives, with to, value and input"
        raise BadInput(f"this is no transaction: {error!r}", field="tx", remedy=remedy) from None
    if chain != compiled.lock.chain_id:
        return lambda _: Verdict(False, (f"it is for chain {chain}, the plan for {compiled.lock.chain_id}",))
    return lambda grants: verify_transaction(compiled, to, value, data, grants)


def _safe_transaction(compiled: Compiled, content: Any) -> Judge:
    """The inner call of a Safe's transaction, as `execTransaction` would make it."""
    try:
        inner = content.get("safeTx", content) if isinstance(content, dict) else {}
        to, data = str(inner["to"]), bytes.fromhex(str(inner.get("data") or "0x")[2:])
        value, operation = int(str(inner["value"])), int(str(inner.get("operation") or 0))
        gas_price = int(str(inner.get("gasPrice") or 0))
        safe = parse_address(str(content.get("safe") or to_checksum_address(compiled.owner)), "safe")
        nobody = f"0x{NOBODY.hex()}"
        wrapped = calldata("safe", "execTransaction", to, value, data, operation, 0, 0, gas_price, nobody, nobody, b"")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, it is no Safe's transaction
        remedy = "give the JSON with to, value, data and operation"
        raise BadInput(f"this is no Safe transaction: {error!r}", field="safe-tx", remedy=remedy) from None
    return lambda grants: verify_transaction(compiled, safe, 0, wrapped, grants)


def _text(path: str, field: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}", field=field, value=path, remedy="check the path") from None


def _json(path: str, field: str) -> Any:
    try:
        return json.loads(_text(path, field))
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}", field=field, value=path, remedy="check the file") from None
