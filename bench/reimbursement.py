"""What a keeper gets back, premium aside, for each wei it really spent: in every kind of move, price and place.

Plans here have no premium, so that pay is cost alone. Spent is gas used times the base fee; no move here earns refunds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.artifacts import data_of
from bench.chain import GWEI, Chain
from bench.measure import Calls
from bench.ours import DAY, Conductor, Plan, step
from keeper.wire.types import Condition, Op, Read, Step, Undo

PRICES_GWEI = (1, 30, 300)
BATCHES = (1, 5, 20)
ALONE = (0.985, 1.0)
BATCHED = (0.98, 1.0)
NOISE = bytes(range(1, 256)) * 24
"""Bytes without a zero."""


@dataclass(frozen=True)
class Kind:
    """One kind of move: the plan's steps, which are run first, and which move is measured."""

    name: str
    steps: Callable[[Calls], Sequence[Step]]
    before: tuple[tuple[str, int], ...] = ()
    """Moves made before, by the owner: function and step; `cancel` has no step."""
    function: str = "run"
    index: int = 0
    fields: tuple[tuple[str, Any], ...] = ()
    """Of the header."""
    every_price: bool = False
    batches: tuple[int, ...] = (5,)


def _pings(calls: Calls, count: int, steps: int = 1) -> list[Step]:
    return [step(calls.some(count), index, fee=False) for index in range(steps)]


def _long(calls: Calls, data: bytes, gas_per_call: int = 60_000) -> list[Step]:
    return [step([calls.ping(0, data)], fee=False, gas_per_call=gas_per_call)]


def _asking(calls: Calls) -> list[Step]:
    """One condition, and one read whose word becomes the call's key."""
    (one,) = calls.some(1)
    pings = data_of(calls.contract, "pings", 1)
    condition = Condition(calls.target, 30_000, Op.GT, 0, 0, pings)
    # Over the argument: target 20, value 12, length 2, selector 4.
    return [replace(step([one], fee=False), conditions=(condition,), reads=(Read(calls.target, 30_000, 0, 38, pings),))]


def _undoable(calls: Calls) -> list[Step]:
    undo = Undo(gas_limit=60_000, window=DAY, calls=tuple(calls.some(1)))
    first, second = _pings(calls, 1, 2)
    return [replace(first, undo=replace(undo, dependents=0)), second]


def _needing(calls: Calls) -> list[Step]:
    """The second runs only if the first did not: once the first is done it can only be skipped."""
    first, second = _pings(calls, 1, 2)
    return [first, replace(second, join=second.join.NONE_DONE)]


def _counting(calls: Calls) -> list[Step]:
    """The second's window counts from the first, which is stamped."""
    first, second = _pings(calls, 1, 2)
    return [first, replace(second, since=1)]


KINDS = [
    Kind("one call", lambda c: _pings(c, 1), every_price=True, batches=BATCHES),
    Kind("one call, long calldata", lambda c: _long(c, NOISE[:1_000]), every_price=True),
    Kind("one call, long calldata of zeros", lambda c: _long(c, bytes(2_000)), every_price=True),
    Kind("one call, calldata so long that EIP-7623's floor counts", lambda c: _long(c, NOISE[:6_000])),
    Kind("one call, a slot's first use", lambda c: [step([c.ping(c.fresh_key())], fee=False)], every_price=True),
    Kind("five calls", lambda c: _pings(c, 5)),
    Kind("twenty calls", lambda c: _pings(c, 20)),
    Kind("step 1 of 20", lambda c: _pings(c, 1, 20)),
    Kind("condition and read", _asking),
    Kind("stamped step", _counting, fields=(("stamped", 1),)),
    Kind("step after a stamped one", _counting, (("run", 0),), index=1, fields=(("stamped", 1),)),
    Kind("last step of a recurring run", lambda c: _pings(c, 1), fields=(("runs", 3), ("interval", 2 * DAY))),
    Kind("undo", _undoable, (("run", 0), ("cancel", 0)), function="undo", fields=(("undoable", 1),)),
    Kind("settle", _needing, (("run", 0),), function="settle", index=1),
]


@dataclass(frozen=True)
class Case:
    """One measured transaction."""

    kind: Kind
    price_gwei: int
    batch: int
    """How many plans in one `runMany`; 0: a transaction of its own."""
    first_keeper: bool

    @property
    def bound(self) -> tuple[float, float]:
        return BATCHED if self.batch else ALONE


def cases() -> list[Case]:
    return [
        Case(kind, price, batch, first)
        for kind in KINDS
        for price in (PRICES_GWEI if kind.every_price else (30,))
        for batch in (0, *kind.batches)
        for first in (False, True)
    ]


async def measured(chain: Chain, conductor: Conductor, calls: Calls) -> list[dict[str, Any]]:
    """Every case: what came back for what was spent, as JSON."""
    rows = []
    for case in cases():
        repaid, spent = await _one(chain, conductor, calls, case)
        low, high = case.bound
        rows.append(
            {
                "what": case.kind.name,
                "base_fee_gwei": case.price_gwei,
                "batch": case.batch,
                "first_ever_keeper": case.first_keeper,
                "spent_wei": spent,
                "repaid_wei": repaid,
                "ratio": round(repaid / spent, 5),
                "gas_not_repaid": round((spent - repaid) / (case.price_gwei * GWEI)),
                "goal": f"{low} to {high}",
                "met": low * spent <= repaid <= high * spent,
            }
        )
    return rows


async def _one(chain: Chain, conductor: Conductor, calls: Calls, case: Case) -> tuple[int, int]:
    kind = case.kind
    chain.base_fee_wei = GWEI
    start = chain.time + 3_600
    plans = [conductor.plan(kind.steps(calls), start=start, **dict(kind.fields)) for _ in range(max(case.batch, 1))]
    for plan in plans:
        await conductor.schedule(plan)
    chain.wait_until(start)
    for plan in plans:
        for function, index in kind.before:
            await _prepare(conductor, plan, function, index)
    keeper = chain.fresh_account() if case.first_keeper else conductor.keeper
    if case.first_keeper:
        # Without a seat, it may only work when everybody may.
        chain.wait_until(chain.time + 100)
    had = await conductor.credit_wei(keeper)
    chain.base_fee_wei = case.price_gwei * GWEI
    items = [conductor.move(kind.function, plan, kind.index) for plan in plans]
    receipt = await (conductor.send_many(items, keeper) if case.batch else conductor.send(items[0], keeper))
    chain.base_fee_wei = GWEI
    repaid = await conductor.credit_wei(keeper) - had
    return repaid, receipt["gasUsed"] * receipt["effectiveGasPrice"]


async def _prepare(conductor: Conductor, plan: Plan, function: str, index: int) -> None:
    if function == "cancel":
        data = data_of(conductor.contract, "cancel", plan.header + plan.root)
    else:
        data = conductor.move(function, plan, index)
    await conductor.send(data, conductor.owner)
