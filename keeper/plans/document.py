"""A plan file, loaded: all that its text alone says, with the places of what must be asked of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from keeper.plans.notation import Comparison, Invoke
from keeper.plans.problems import Pos
from keeper.plans.source import Scalar
from keeper.plans.values import Duration, Instant, Premium

Join = Literal["needs", "needs_any", "unless", "after"]


@dataclass(frozen=True, slots=True)
class Contract:
    """`abi` is a set's name, the path of a file, or signatures."""

    alias: str
    at: Scalar
    abi: Scalar | tuple[Scalar, ...]
    pos: Pos


@dataclass(frozen=True, slots=True)
class CallLine:
    call: Invoke
    value: Scalar | None


@dataclass(frozen=True, slots=True)
class UndoLine:
    calls: tuple[CallLine, ...]
    gas_limit: int | None
    within: Duration | None
    premium: Premium | None
    pos: Pos


@dataclass(frozen=True, slots=True)
class StepLine:
    """`needs` is None where the file leaves it to the default, the step above."""

    id: str
    pos: Pos
    final: bool
    calls: tuple[CallLine, ...]
    join: Join
    needs: tuple[tuple[str, Pos], ...] | None
    guard: Literal["if", "when"] | None
    conditions: tuple[Comparison, ...]
    opens: Duration | None
    waits: bool
    within: Duration | None
    skip_on_miss: bool
    undo: UndoLine | None
    gas_limit: int | None
    premium: Premium | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Pay:
    """Amounts in wei but for the premium; `deposit_wei` is sent along with `schedule`."""

    deposit_wei: int
    premium: Premium
    price_cap_wei: int


@dataclass(frozen=True)
class PlanFile:
    """A plan file without problems of its own. `sets` are the values given from outside the file."""

    path: str
    name: str
    salt: bytes
    about: str | None
    owner: Scalar
    guardian: Scalar | None
    chain_id: int | None
    chain_pos: Pos
    contracts: Mapping[str, Contract]
    values: Mapping[str, Scalar]
    sets: Mapping[str, str]
    at: Instant
    schedule_by: Instant | None
    every: Duration | None
    runs: int
    stop_on_abort: bool
    within: Duration
    pay: Pay
    hidden: bool
    steps: tuple[StepLine, ...]
