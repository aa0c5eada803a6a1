"""`conductor plan verify`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from keeper.chain.settings import Settings
from keeper.chain.values import quantity, raw
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.network import Network, open_network
from keeper.cli.options import PLAN_FILE, SETS, parse_sets
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result
from keeper.cli.plan_propose import needed
from keeper.cli.planfile import as_locked, read_source
from keeper.cli.planview import parse_id
from keeper.plans import (
    Compiled,
    Grant,
    Verdict,
    propose,
    verify_batch,
    verify_plan,
    verify_proposal_id,
    verify_transaction,
)
from keeper.plans.contracts import calldata
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY


@dataclass(frozen=True)
class PlanVerdict(Result):
    """`exact`: it schedules this plan, and does nothing that was not asked for; else `findings` say what differs."""

    schema = "conductor/plan-verify/1"

    plan: str
    name: str
    exact: bool
    findings: tuple[str, ...]

    def text(self) -> str:
        if self.exact:
            return f"exact: it schedules plan {self.plan} ({self.name}), as in the file, and nothing else"
        return "\n".join([f"NOT this file's plan {self.plan} ({self.name})", *(f"- {one}" for one in self.findings)])

    @property
    def exit_code(self) -> int:
        return 0 if self.exact else 2


@command(
    "verify",
    PlanVerdict,
    PLAN_FILE,
    SETS,
    click.option("--proposal", metavar="FILE|ID",
                 help="governor.json, safe.json or timelock.json, or a Governor's proposal id."),
    click.option("--description", type=click.Path(dir_okay=False), metavar="FILE",
                 help="The proposal's text, with --proposal ID; default: the one that `plan propose` writes."),
    click.option("--tx", metavar="HASH", help="A transaction that proposes, queues, executes or schedules."),
    click.option("--safe-tx", type=click.Path(dir_okay=False), metavar="FILE",
                 help="A Safe's transaction as its service gives it, JSON."),
    click.option("--plan", "plan_id", metavar="ID", help="A plan's id."),
    click.option("--with-grants", is_flag=True,
                 help="Accept what `plan propose --with-grants` puts before the schedule call."),
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
    with_grants: bool,
    settings: Settings,
) -> PlanVerdict:
    """Tell a voter whether a proposal, a transaction or a plan is exactly this file under its lock.

    Governors, timelocks, Safes and multisends are unwrapped. Exit code 2: it is not.
    """
    given = [one for one in (proposal, tx, safe_tx, plan_id) if one is not None]
    if len(given) != 1:
        remedy = "give one of --proposal, --tx, --safe-tx and --plan"
        raise BadInput("there must be one thing to compare the file with", field="proposal", remedy=remedy)
    compiled = as_locked(read_source(file, parse_sets(sets)))
    if tx is None and not with_grants:
        verdict = _verdict(compiled, (), proposal, description, safe_tx, plan_id)
    else:
        async with open_network(settings, compiled.lock.chain_id) as network:
            grants = (await needed(compiled, network))[0] if with_grants else ()
            if tx is not None:
                verdict = await _transaction(compiled, network, tx, grants)
            else:
                verdict = _verdict(compiled, grants, proposal, description, safe_tx, plan_id)
    return PlanVerdict(f"0x{compiled.plan_id.hex()}", compiled.plan.name, verdict.exact, verdict.findings)


def _verdict(
    compiled: Compiled,
    grants: tuple[Grant, ...],
    proposal: str | None,
    description: str | None,
    safe_tx: str | None,
    plan_id: str | None,
) -> Verdict:
    if plan_id is not None:
        known = parse_id(plan_id)
        if known is None:
            remedy = "an id is 0x and 64 hex digits"
            raise BadInput(f"{plan_id!r} is no plan's id", field="plan", value=plan_id, remedy=remedy)
        return verify_plan(compiled, known)
    if safe_tx is not None:
        return _safe_transaction(compiled, _json(safe_tx, "safe-tx"), grants)
    assert proposal is not None  # noqa: S101 - one of them was given
    if Path(proposal).exists():
        return verify_batch(compiled, _text(proposal, "proposal"), grants)
    try:
        wanted = int(proposal, 0)
    except ValueError:
        remedy = "give governor.json, safe.json or timelock.json, or a proposal's id"
        raise BadInput(f"there is no file {proposal}", field="proposal", value=proposal, remedy=remedy) from None
    return _proposal_id(compiled, wanted, description, grants)


def _proposal_id(compiled: Compiled, wanted: int, description: str | None, grants: tuple[Grant, ...]) -> Verdict:
    if description is not None:
        return verify_proposal_id(compiled, wanted, _text(description, "description"), grants)
    verdict = Verdict(False, ("nothing was compared",))
    for create in (False, True):
        for given in ((), grants):
            text = propose(compiled, given, create_account=create).description_md
            verdict = verify_proposal_id(compiled, wanted, text, grants)
            if verdict.exact:
                return verdict
    return verdict


async def _transaction(compiled: Compiled, network: Network, tx: str, grants: tuple[Grant, ...]) -> Verdict:
    if parse_id(tx) is None:
        remedy = "a transaction's hash is 0x and 64 hex digits"
        raise BadInput(f"{tx!r} is no transaction's hash", field="tx", value=tx, remedy=remedy)
    found = await network.pool.request("eth_getTransactionByHash", [tx])
    if found is None:
        where = f"chain {network.chain_id} has no transaction {tx}"
        raise BadInput(where, field="tx", value=tx, remedy="check the hash and the chain")
    if found["to"] is None:
        return Verdict(False, ("it creates a contract",))
    to = parse_address(found["to"], "to")
    return verify_transaction(compiled, to, quantity(found["value"]), raw(found["input"]), grants)


def _safe_transaction(compiled: Compiled, content: Any, grants: tuple[Grant, ...]) -> Verdict:
    """The inner call of a Safe's transaction, as `execTransaction` would make it."""
    try:
        inner = content.get("safeTx", content) if isinstance(content, dict) else {}
        to, data = str(inner["to"]), bytes.fromhex(str(inner.get("data") or "0x")[2:])
        value, operation = int(str(inner["value"])), int(str(inner.get("operation") or 0))
        nobody = f"0x{NOBODY.hex()}"
        wrapped = calldata("safe", "execTransaction", to, value, data, operation, 0, 0, 0, nobody, nobody, b"")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, it is no Safe's transaction
        remedy = "give the JSON with to, value, data and operation"
        raise BadInput(f"this is no Safe transaction: {error!r}", field="safe-tx", remedy=remedy) from None
    return verify_transaction(compiled, compiled.owner, 0, wrapped, grants)


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
