"""What a plan is, as frozen values. Their bytes are fixed by docs/wire.md; `codec` turns one into the other.

Times (`start`, `opens`, `ramp`, ...) are in the plan's clock: block numbers, or unix seconds if `seconds_clock`.
A mask is a 32-bit set of step indices, bit i for step i.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

Address = NewType("Address", bytes)
"""20 bytes."""

PlanId = NewType("PlanId", bytes)
"""keccak256(header + root), 32 bytes: the same on each of the plan's chains."""

NOBODY = Address(bytes(20))
MAX_STEPS = 32


class Value(IntEnum):
    """What a step came to."""

    PENDING = 0
    DONE = 1
    SKIPPED = 2
    FAILED = 3
    UNDONE = 4
    UNDO_FAILED = 5


class Status(IntEnum):
    """Where a plan stands on one chain."""

    NOT_SCHEDULED = 0
    ACTIVE = 1
    ABORTING = 2
    FINISHING = 3
    COMPLETED = 4
    ABORTED = 5
    VOID = 6


class Join(IntEnum):
    """What a step wants of the steps it needs."""

    ALL_DONE = 0
    ANY_DONE = 1
    NONE_DONE = 2
    SETTLED = 3


class Op(IntEnum):
    """How a condition compares: `returned op constant`."""

    EQ = 0
    NE = 1
    LT = 2
    LE = 3
    GT = 4
    GE = 5


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """One chain of a plan: which steps are its own, who owns the plan there, what a keeper is paid at most."""

    chain_id: int
    mask: int
    owner: Address
    guardian: Address = NOBODY
    """May cancel; `NOBODY` for none."""
    cap_wei: int = 0
    """The most the plan repays for a unit of gas."""
    poke_fee_gwei: int = 0
    """Premium of settle, expire and learn."""
    factory: Address = NOBODY
    """The Scheduler whose Account is meant; `NOBODY` for the one the plan is scheduled on."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the contract must know of a plan without seeing its steps."""

    forward: int
    """Number of forward steps: indices 0 .. forward - 1."""
    finals: int
    """Number of finally steps, behind the forward ones."""
    start: int
    """Time of run 0; with `relative_start`, added to the time of scheduling."""
    schedule_by: int
    length: int
    """Upper bound of every window's end from the run's start, claims' holds included."""
    chains: tuple[ChainEntry, ...]
    undoable: int = 0
    optional: int = 0
    """Mask of the steps whose lapse is Skipped instead of Failed."""
    stamped: int = 0
    """Mask of the steps whose settle time is kept."""
    interval: int = 0
    """Between runs, in time, or in calendar months if `monthly`."""
    runs: int = 1
    salt: bytes = bytes(8)
    routes_root: bytes = b""
    """32 bytes if the plan has several chains, else none."""
    seconds_clock: bool = True
    relative_start: bool = False
    monthly: bool = False
    stop_on_abort: bool = False

    @property
    def forward_mask(self) -> int:
        return (1 << self.forward) - 1

    @property
    def final_mask(self) -> int:
        return ((1 << self.finals) - 1) << self.forward

    def entry(self, chain_id: int) -> ChainEntry | None:
        """The plan's entry for a chain, None if it has no steps there."""
        return next((entry for entry in self.chains if entry.chain_id == chain_id), None)

    def lane(self, index: int) -> int:
        """The lane of the stamps word in which stamped step `index` keeps its settle time."""
        return (self.stamped & ((1 << index) - 1)).bit_count()


@dataclass(frozen=True, slots=True)
class Call:
    target: Address
    value_wei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """Word `word` of what `target` answers to `data`, compared with `constant`."""

    target: Address
    gas_limit: int
    op: Op
    word: int
    constant: int
    """256 bits as they are on the chain: of a negative number its two's complement."""
    data: bytes
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A word read in the run's transaction, put into the calls section at offset `into`."""

    target: Address
    gas_limit: int
    word: int
    into: int
    data: bytes
    into_value: bool = False
    """It replaces a call's 12-byte value, not 32 bytes of its data."""


@dataclass(frozen=True, slots=True)
class Claim:
    referee: Address
    hold: int
    """How long after `closes` the referee may hold the lapse."""
    spec: bytes


@dataclass(frozen=True, slots=True)
class Undo:
    gas_limit: int
    window: int
    """How long it may run, from the last change of the aborting run."""
    calls: tuple[Call, ...]
    fee_min_gwei: int = 0
    fee_max_gwei: int = 0
    dependents: int = 0
    """Mask of every step that needs this one, transitively."""
    tokens: int = 0
    """EIP-7623 tokens of the calldata of its own `undo`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One leaf of a plan."""

    index: int
    opens: int
    """Window: base + opens <= now < base + closes; `since` says what the base is."""
    closes: int
    gas_limit: int = 0
    """Exactly what the Account gets."""
    calls: tuple[Call, ...] = ()
    needs: int = 0
    join: Join = Join.ALL_DONE
    since: int = 0
    """Mask of stamped steps: the window counts from the latest of their stamps; 0: from the run's start."""
    skip_if_false: bool = False
    """A false condition skips the step; else it waits."""
    conditions: tuple[Condition, ...] = ()
    reads: tuple[Read, ...] = ()
    claim: Claim | None = None
    undo: Undo | None = None
    fee_min_gwei: int = 0
    fee_max_gwei: int = 0
    ramp: int = 0
    """Time over which the premium rises from `fee_min_gwei` to `fee_max_gwei`, from the moment the step is due."""
    tokens: int = 0
    """EIP-7623 tokens of the calldata of its own `run`."""
    salt: bytes = b""
    """32 bytes in a hidden leaf, else none."""

    @property
    def is_claim(self) -> bool:
        return self.claim is not None

    @property
    def bit(self) -> int:
        return 1 << self.index
