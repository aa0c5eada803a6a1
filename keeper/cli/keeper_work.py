"""A keeper at work: `conductor keeper run`, `status`, `why`, `earnings`."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from eth_utils.address import to_checksum_address

from keeper.bots import report
from keeper.bots.keeper import log_to, run_keeper
from keeper.bots.why import why as why_of
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import deployment_of
from keeper.cli.keeper_seat import SeatView, keeper_settings, on_its_chain
from keeper.cli.network import require_signer
from keeper.cli.options import PLAN
from keeper.cli.output import Result, emit, fields, wants_json
from keeper.cli.plan_status import said
from keeper.cli.planview import named
from keeper.plans.show_calls import coin_text
from keeper.wire.errors import BadInput


@dataclass(frozen=True)
class KeeperRun(Result):
    """Said once as the keeper starts to work; what it does then is logged on standard error."""

    schema = "conductor/keeper-run/1"

    keeper: str
    chain_id: int
    scheduler: str
    database: str

    def text(self) -> str:
        rows = [("keeper", self.keeper), ("chain", str(self.chain_id)), ("scheduler", self.scheduler)]
        return fields([*rows, ("database", self.database)])


@command("run", KeeperRun, keeper_settings())
async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM. With --json the log is JSON lines too."""
    settings = await on_its_chain(settings)
    if wants_json():
        settings = settings.model_copy(update={"log_json": True})
    log_to(settings)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a look takes longer than the poll is no news
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    key = to_checksum_address((await require_signer(settings)).address)
    scheduler = to_checksum_address(deployment_of(settings).scheduler)
    emit(KeeperRun(key, settings.chain or 0, scheduler, settings.database))
    await run_keeper(settings, stop)


@dataclass(frozen=True)
class KeeperStatus(Result):
    """`applied`: the last block that the database knows, behind `head` if the keeper does not run."""

    schema = "conductor/keeper-status/1"

    address: str
    chain_id: int
    scheduler: str
    head: int
    applied: int
    balance_wei: str
    credit_wei: str
    seat: SeatView | None
    moves: int
    last_work_s: int
    jobs: dict[str, int]
    live_transactions: int
    endpoints: dict[str, str]

    def text(self) -> str:
        last = (
            datetime.fromtimestamp(self.last_work_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            if self.last_work_s
            else "never"
        )
        return fields(
            [
                ("keeper", f"{self.address} on chain {self.chain_id}"),
                ("seat", "none" if self.seat is None else str(self.seat.seat)),
                ("balance", coin_text(int(self.balance_wei))),
                ("credit", coin_text(int(self.credit_wei))),
                ("work", f"{self.moves} paid moves, last {last}"),
                ("blocks", f"{self.applied} of {self.head} applied"),
                ("jobs", ", ".join(f"{count} {name}" for name, count in self.jobs.items()) or "none"),
                ("in flight", str(self.live_transactions)),
                *(("endpoint", f"{name}: {health}") for name, health in self.endpoints.items()),
            ]
        )


@command("status", KeeperStatus, keeper_settings())
async def status(settings: Settings) -> KeeperStatus:
    """Say how this keeper is doing, from its database and the chain."""
    one = await report.status(await on_its_chain(settings))
    return KeeperStatus(
        address=to_checksum_address(one.address),
        chain_id=one.chain_id,
        scheduler=to_checksum_address(one.scheduler),
        head=one.head,
        applied=one.applied,
        balance_wei=str(one.balance_wei),
        credit_wei=str(one.credit_wei),
        seat=None if one.seat is None else SeatView.of(one.seat),
        moves=one.moves,
        last_work_s=one.last_work_s,
        jobs=dict(one.jobs),
        live_transactions=one.live_transactions,
        endpoints=dict(one.endpoints),
    )


@dataclass(frozen=True)
class KeeperWhy(Result):
    """Why this keeper does not do a step; `code` is the contract's own error, null if nothing stands in the way."""

    schema = "conductor/keeper-why/1"

    plan: str
    step: str
    value: str
    action: str | None
    at: int | None
    now: int
    reason: str
    code: str | None
    on_chain: str
    wanted: str
    next_step: str

    def text(self) -> str:
        rows = [("step", f"{self.step}: {self.value}"), ("reason", self.reason)]
        rows += [("on-chain", self.on_chain)] if self.on_chain else []
        rows += [("wanted", self.wanted)] if self.wanted else []
        return fields([*rows, ("next", self.next_step)])


@command("why", KeeperWhy, PLAN, click.argument("step"), keeper_settings())
async def why(plan: str, step: str, settings: Settings) -> KeeperWhy:
    """Say why this keeper does not do a step: the reason, the value on-chain, the value wanted, the next step.

    STEP is its name in PLAN's file, or its number from 0.
    """
    wanted = named(plan)
    index = _index(step, () if wanted.compiled is None else wanted.compiled.ids)
    one = await why_of(await on_its_chain(settings, wanted.chain_id), wanted.id, index)
    return KeeperWhy(
        plan=f"0x{one.plan.hex()}",
        step=step,
        value=said(one.value),
        action=None if one.action is None else one.action.value,
        at=one.at,
        now=one.now,
        reason=one.reason,
        code=None if one.code is None else one.code.value,
        on_chain=one.on_chain,
        wanted=one.wanted,
        next_step=one.next_step,
    )


@dataclass(frozen=True)
class KeeperEarnings(Result):
    """What plans paid this key, and what its own transactions cost, the failed ones included."""

    schema = "conductor/keeper-earnings/1"

    address: str
    moves: int
    paid_wei: str
    gas_wei: str
    net_wei: str
    transactions: int
    credit_wei: str

    def text(self) -> str:
        net = int(self.net_wei)
        return fields(
            [
                ("keeper", self.address),
                ("paid", f"{coin_text(int(self.paid_wei))} for {self.moves} moves"),
                ("spent", f"{coin_text(int(self.gas_wei))} on {self.transactions} transactions"),
                ("net", ("-" if net < 0 else "") + coin_text(abs(net))),
                ("credit", coin_text(int(self.credit_wei))),
            ]
        )


@command("earnings", KeeperEarnings, keeper_settings())
async def earnings(settings: Settings) -> KeeperEarnings:
    """Say what this keeper was paid and what it spent."""
    one = await report.earnings(await on_its_chain(settings))
    return KeeperEarnings(
        address=to_checksum_address(one.address),
        moves=one.moves,
        paid_wei=str(one.paid_wei),
        gas_wei=str(one.gas_wei),
        net_wei=str(one.net_wei),
        transactions=one.transactions,
        credit_wei=str(one.credit_wei),
    )


def _index(step: str, ids: tuple[str, ...]) -> int:
    if step in ids:
        return ids.index(step)
    if step.isdigit():
        return int(step)
    remedy = f"its steps are {', '.join(ids)}" if ids else "name a step by its number, or give the plan's file"
    raise BadInput(f"the plan has no step {step!r}", field="step", value=step, remedy=remedy)
