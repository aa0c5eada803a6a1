"""The Scheduler's events as frozen values. Words are kept as they are stored: `word.decode_word` takes them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.wire.abi import interface
from keeper.wire.codec import decode_packed
from keeper.wire.types import Address, PlanId, Value


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A plan was scheduled on this chain; `word` is its first."""

    plan: PlanId
    word: int
    header: bytes
    root: bytes
    body: bytes
    """Empty if it was not published; check its root before believing it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The plan's word changed; `by` is who did it, or for a report the payee."""

    plan: PlanId
    by: Address
    word: int


@dataclass(frozen=True, slots=True)
class Published:
    """Somebody says that this is the plan's body."""

    plan: PlanId
    by: Address
    body: bytes


@dataclass(frozen=True, slots=True)
class Reported:
    """A referee settled a claim; the plan's `Moved` comes next."""

    plan: PlanId
    index: int
    outcome: Value
    result: bytes


@dataclass(frozen=True, slots=True)
class AccountCreated:
    owner: Address
    account: Address


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """`keeper` pulled its credit."""

    keeper: Address
    to: Address
    amount_wei: int


@dataclass(frozen=True, slots=True)
class SeatSet:
    """A seat: used by `hot`, owned by `cold`, active in epochs [from, until) of the seconds and the blocks clock."""

    seat: int
    hot: Address
    cold: Address
    from_s: int
    until_s: int
    from_b: int
    until_b: int


Event = Scheduled | Moved | Published | Reported | AccountCreated | Withdrawn | SeatSet
PLAIN: dict[str, type[Moved | Published | AccountCreated | Withdrawn | SeatSet]] = {
    kind.__name__: kind for kind in (Moved, Published, AccountCreated, Withdrawn, SeatSet)
}
"""Events whose arguments are their fields, in order."""


def topic(event: str) -> bytes:
    """The first topic of the logs of this event."""
    return interface("Scheduler").events[event].id


def decode_event(topics: Sequence[bytes], data: bytes) -> Event | None:
    """The event of a log of the Scheduler; None if it is none of its events.

    Raises `ConductorError` or `BadInput` for a log that only looks like one: no Scheduler emits it.
    """
    found = next((e for e in interface("Scheduler").events.values() if topics and e.id == topics[0]), None)
    if found is None:
        return None
    args = found.decode_log(topics, data)
    if found.name == "Scheduled":
        named = dict(zip(found.names, args, strict=True))
        return Scheduled(named["plan"], named["word"], *decode_packed(named["packed"]))
    if found.name == "Reported":
        plan, index, outcome, result = args
        return Reported(plan, index, Value(outcome), result)
    return PLAIN[found.name](*args)
