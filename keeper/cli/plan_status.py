"""`conductor plan status` and `conductor plan show`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from eth_utils.address import to_checksum_address

from keeper.bots.chances import PLAN_WIDE, PlanView, chances
from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.network import Network, open_network
from keeper.cli.options import PLAN
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, table
from keeper.cli.planview import Followed, Move, named, read_plan_on
from keeper.plans.describe import moment
from keeper.plans.lock import lock_path
from keeper.plans.show_calls import coin_text
from keeper.plans.values import Clock
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.contract_errors import Reverted
from keeper.wire.errors import BadInput
from keeper.wire.rules import run_start, undo_window_of, window_of
from keeper.wire.types import Address, Status, Step, Value


@dataclass(frozen=True)
class StepStatus:
    """`opens`, `closes`: its window, or its undo's while that is to come, on the plan's clock; null if not known yet.

    `next`: run, undo or settle, if that is possible from `next_at` on without another event.
    """

    step: str
    value: str
    opens: int | None
    closes: int | None
    next: str | None
    next_at: int | None


@dataclass(frozen=True)
class MoveMade:
    """`by` is null for the plan's scheduling; `changes` are steps with their new values."""

    move: int
    block: int
    transaction: str
    by: str | None
    run: int
    status: str
    changes: dict[str, str]
    paid_wei: str


@dataclass(frozen=True)
class PlanStatus(Result):
    """Times are on the plan's `clock`: block numbers, or unix seconds."""

    schema = "conductor/plan-status/1"

    plan: str
    name: str | None
    chain_id: int
    owner: str
    account: str
    status: str
    cancelled: bool
    run: int
    runs: int
    clock: str
    starts_at: int | None
    now: int
    deposit_wei: str
    steps: tuple[StepStatus, ...]
    moves: tuple[MoveMade, ...]

    def text(self) -> str:
        clock: Clock = "seconds" if self.clock == "seconds" else "blocks"
        run = f", run {self.run + 1} of {self.runs}" if self.runs > 1 else ""
        rows = [
            ("plan", f"{self.plan}  {self.name or ''}"),
            ("status", self.status + run + (", cancelled" if self.cancelled else "")),
            *([("starts", moment(self.starts_at, clock))] if self.starts_at is not None else []),
            ("now", moment(self.now, clock)),
            ("deposit", coin_text(int(self.deposit_wei))),
            ("account", f"{self.account} of {self.owner}"),
        ]
        steps = [
            (
                one.step,
                one.value,
                "" if one.opens is None else moment(one.opens, clock).removeprefix("at "),
                "" if one.closes is None else moment(one.closes, clock).removeprefix("at "),
                ""
                if one.next is None or one.next_at is None
                else f"{one.next} from {moment(one.next_at, clock).removeprefix('at ')}",
            )
            for one in self.steps
        ]
        moves = [
            (
                str(one.block),
                ", ".join(f"{step} {value}" for step, value in one.changes.items()) or one.status,
                one.by or "",
                coin_text(int(one.paid_wei)) if int(one.paid_wei) else "",
            )
            for one in self.moves
        ]
        parts = [fields(rows)]
        if steps:
            parts.append(table(("step", "value", "opens", "closes", "next"), steps))
        if moves:
            parts.append(table(("block", "what", "by", "paid"), moves))
        return "\n\n".join(parts)


@command("status", PlanStatus, PLAN, settings_options())
async def status(plan: str, settings: Settings) -> PlanStatus:
    """Say where a plan stands: its steps, their windows, what comes next, and who did what so far."""
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        return await status_of(network, await read_plan_on(network, wanted))


async def status_of(network: Network, found: Followed) -> PlanStatus:
    view = found.view
    word, header = view.state.word, view.plan.header
    head = await network.pool.head()
    known = word.status is not Status.NOT_SCHEDULED or not header.relative_start
    account = found.compiled.account if found.compiled else await account_of(network, view.owner)
    return PlanStatus(
        plan=f"0x{view.id.hex()}",
        name=found.compiled.plan.name if found.compiled and not found.text else None,
        chain_id=network.chain_id,
        owner=to_checksum_address(view.owner),
        account=to_checksum_address(account),
        status=said(word.status),
        cancelled=word.cancelled,
        run=word.run,
        runs=header.runs,
        clock="seconds" if header.seconds_clock else "blocks",
        starts_at=run_start(header, view.state) if known else None,
        now=head.time_s if header.seconds_clock else head.number,
        deposit_wei=str(word.deposit_gwei * 10**9),
        steps=tuple(_steps(view, found.ids)),
        moves=tuple(_moved(one, found.ids) for one in found.moves),
    )


async def account_of(network: Network, owner: bytes) -> Address:
    """The owner's Account under the network's Scheduler, whether it exists or not."""
    answer = await network.pool.reads.call(network.deployment.scheduler, encode_call("accountOf", owner))
    return Address(decode_result("accountOf", answer)[0])


def said(value: Status | Value) -> str:
    return value.name.lower().replace("_", " ")


def _steps(view: PlanView, ids: tuple[str, ...]) -> Iterator[StepStatus]:
    word = view.state.word
    if not view.bodies:
        for index, name in enumerate(ids):
            yield StepStatus(name, said(word.value(index)), None, None, None, None)
        return
    coming = {one.index: one for one in sorted(chances(view), key=lambda one: -one.at) if one.index != PLAN_WIDE}
    for step in view.plan.steps:
        opens, closes = _window(view, step)
        chance = coming.get(step.index)
        yield StepStatus(
            ids[step.index],
            said(word.value(step.index)),
            opens,
            closes,
            None if chance is None else chance.action.value,
            None if chance is None else chance.at,
        )


def _window(view: PlanView, step: Step) -> tuple[int | None, int | None]:
    word = view.state.word
    try:
        if word.done & step.bit:
            window = undo_window_of(view.plan, view.state, step)
        elif (
            word.settled & step.bit
            or (word.status is Status.NOT_SCHEDULED and view.plan.header.relative_start)
            or (view.plan.header.final_mask & step.bit and word.status is Status.ACTIVE)
        ):
            return None, None
        else:
            window = window_of(view.plan, view.state, step)
    except Reverted:
        return None, None
    return window.opens, window.closes


def _moved(one: Move, ids: tuple[str, ...]) -> MoveMade:
    return MoveMade(
        move=one.word.move,
        block=one.block,
        transaction=f"0x{one.transaction.hex()}",
        by=to_checksum_address(one.by) if one.by else None,
        run=one.word.run,
        status="scheduled" if not one.by else said(one.word.status),
        changes={ids[index]: said(value) for index, value in one.changes if index < len(ids)},
        paid_wei=str(one.paid_wei),
    )


# ---------------------------------------------------------------------- show


@dataclass(frozen=True)
class PlanShown(Result):
    """`doubt` is empty if `yaml` and `lock` compile to exactly this plan; else it says why they do not."""

    schema = "conductor/plan-show/1"

    plan: str
    yaml: str
    lock: str
    doubt: str
    files: tuple[str, ...]

    def text(self) -> str:
        said = f"# {self.doubt}\n" if self.doubt else ""
        return said + ("\n".join(f"wrote {path}" for path in self.files) if self.files else self.yaml)


@command(
    "show",
    PlanShown,
    PLAN,
    click.option("--output", "-o", type=click.Path(dir_okay=False), help="Write the file, and its lock beside it."),
    settings_options(),
)
async def show(plan: str, output: str | None, settings: Settings) -> PlanShown:
    """Turn a plan on the chain back into a plan file and its lock, which compile to the same plan."""
    wanted = named(plan)
    async with open_network(settings, wanted.chain_id) as network:
        found = await read_plan_on(network, named(f"0x{wanted.id.hex()}"))
        if not found.text:
            remedy = "see its state with `conductor plan status`"
            raise BadInput(
                f"the plan cannot be shown as a file: {found.doubt}", field="plan", value=plan, remedy=remedy
            )
        lock = found.lock_text
        files: list[str] = []
        if output is not None:
            target = Path(output)
            for path, text in ((target, found.text), (lock_path(target), lock)):
                if path.exists():
                    raise BadInput(f"{path} exists", field="output", value=str(path), remedy="choose another name")
                path.write_text(text)
                files.append(str(path))
        return PlanShown(f"0x{wanted.id.hex()}", found.text, lock, found.doubt, tuple(files))
