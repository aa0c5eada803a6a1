"""Plans for tests of the rules: steps by what matters to them, the rest derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from keeper.wire.contract_errors import ContractError, Reverted
from keeper.wire.machine import Change, schedule
from keeper.wire.rules import UNSCHEDULED, Plan, State
from keeper.wire.types import Address, ChainEntry, Claim, Condition, Header, Op, Step, Undo, Value

OWNER, REFEREE, TARGET = Address(b"\x0a" * 20), Address(b"\x0b" * 20), Address(b"\x0c" * 20)
START, LENGTH, WINDOW, UNDO_WINDOW = 1_000_000, 1_000, 100, 50
HERE, THERE = 1, 10

IS_ONE = Condition(TARGET, 50_000, Op.EQ, 0, 1, b"")
"""True of the word 1."""


def step(**fields: Any) -> Step:
    """Open from the run's start for `WINDOW`."""
    return Step(index=0, **{"opens": 0, "closes": WINDOW, **fields})


def undoable(**fields: Any) -> Step:
    """Its dependents are filled in by `plan`."""
    return step(undo=Undo(50_000, UNDO_WINDOW, ()), **fields)


def claim(hold: int = 20, **fields: Any) -> Step:
    return step(claim=Claim(REFEREE, hold, b""), **fields)


def plan(*steps: Step, finals: int = 0, there: int = 0, at: int = HERE, **fields: Any) -> Plan:
    """A plan that starts at `START`; steps of the mask `there` are on a second chain. Masks of a header are derived."""
    numbered = [replace(step, index=i) for i, step in enumerate(steps)]
    forward = len(steps) - finals
    for i, one in enumerate(numbered):
        if one.undo:
            numbered[i] = replace(one, undo=replace(one.undo, dependents=dependents(numbered[:forward], i)))
    everything = (1 << len(steps)) - 1
    chains = [ChainEntry(HERE, everything & ~there, OWNER)]
    if there:
        chains.append(ChainEntry(THERE, there, OWNER))
    stamped = 0
    for one in numbered:
        stamped |= one.since
    header = Header(
        forward=forward,
        finals=finals,
        **{
            "start": START,
            "schedule_by": START,
            "length": LENGTH,
            "chains": tuple(chains),
            "undoable": sum(one.bit for one in numbered if one.undo),
            "stamped": stamped,
            "routes_root": bytes(32) if there else b"",
            **fields,
        },
    )
    return Plan.of(header, tuple(numbered), at)


def dependents(steps: Iterable[Step], index: int) -> int:
    """Mask of the steps that need step `index`, transitively."""
    found = 1 << index
    for one in steps:
        if one.needs & found:
            found |= one.bit
    return found & ~(1 << index)


def scheduled(found: Plan, now: int = START - 10) -> State:
    return schedule(found, UNSCHEDULED, now, deposit_gwei=1_000).state


def letters(found: Plan, state: State) -> str:
    """One letter a step: P D S F U X."""
    return "".join("PDSFUX"[value] for value in state.word.values[: len(found.steps)])


def with_values(state: State, text: str) -> State:
    """The state with the first steps' values so, whatever the rules say."""
    return replace(state, word=state.word.with_values(Value("PDSFUX".index(letter)) for letter in text))


def why_not(transition: Callable[..., Change], *args: Any, **kwargs: Any) -> ContractError | None:
    """The error with which the contract would refuse; None if it would not."""
    try:
        transition(*args, **kwargs)
    except Reverted as reverted:
        return reverted.error
    return None
